"""Each service's use of customer keys: what it asks of its callers, and how it words a refusal.

A caller's request is done with the key on the caller's behalf (`kms:ViaService`), under the
encryption context that the service binds to the data. SQS, SNS and DynamoDB keep a data key for up
to five minutes on AWS, so that a change of policy has its effect there later than here.
"""

import tomllib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jmespath
from ministack.services import dynamodb, lambda_svc, s3, secretsmanager, sns, sqs

from localcloud.cloud import ACCOUNT
from localcloud.consent.engine import Context, Refusal
from localcloud.engine.internals import need

# The action of a part of an upload, which is s3:PutObject in policies and asks for more.
UPLOAD = "s3:PutObject of an upload in parts"

_OF_KMS = ("AccessDeniedException", "DisabledException", "KMSInvalidStateException")
_S3_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
# What KMS says of Decrypt without naming the key, as services call it.
_UNNAMED = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)


# The record of what an ARN names; of an object it is not the record alone that tells the key.
_RECORDS: dict[str, Callable[[str], Any]] = {
    "dynamodb": lambda arn: need(dynamodb, "_tables").get(_table(arn)),
    "secretsmanager": lambda arn: need(secretsmanager, "_resolve")(arn)[1],
    "sqs": need(sqs, "_queue_by_arn"),
    "sns": need(sns, "_topic_by_arn_any_scope"),
    "lambda": lambda arn: need(lambda_svc, "_get_func_record_for_ref")(arn)[1],
}


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """One service's use of customer keys: a table of `encrypted.toml`."""

    name: str
    asks: Mapping[str, Sequence[str]]  # the key actions by IAM action
    bound: Mapping[str, str]
    codes: Sequence[str]
    words: Sequence[str]
    key: str = ""
    status: int = 400  # of these errors, but for S3's `AccessDenied`

    def key_of(self, action: str, arn: str, context: Context) -> str | None:
        """The key of a resource, given the request's condition keys; none for AWS's own."""
        if self.name == "s3":
            return _of_object(action, arn, context)
        found: str | None = jmespath.search(self.key, _RECORDS[self.name](arn))
        return found

    def encryption_context(self, arn: str) -> dict[str, str]:
        """What the service binds to the data of a resource."""
        fields = {"arn": _bucket_of(arn) or arn, "table": _table(arn), "account": ACCOUNT}
        return {name: value.format(**fields) for name, value in self.bound.items()}

    def error(self, refusal: Refusal) -> tuple[str, str]:
        """Return the code and the message of a refusal."""
        which = _OF_KMS.index(refusal.code)
        words = self.words[which].format(message=refusal.message, kms=_as_kms(refusal))
        return self.codes[which], words


def _as_kms(refusal: Refusal) -> str:
    unnamed = refusal.action == "kms:Decrypt" and refusal.code == "AccessDeniedException"
    return (
        f"{_UNNAMED if unnamed else refusal.message} (Service: AWSKMS; Status Code: 400; "
        f"Error Code: {refusal.code}; Request ID: {uuid.uuid4()}; Proxy: null)"
    )


def _of_object(action: str, arn: str, context: Context) -> str | None:
    """Return the key of a written object by its header or bucket, of a read one by its record."""
    bucket, _, name = arn.removeprefix("arn:aws:s3:::").partition("/")
    if action.startswith("s3:PutObject"):
        default = need(s3, "_bucket_default_sse_headers")(bucket)
        named: str | None = context.get(f"s3:{_S3_KEY}") or default.get(_S3_KEY)
        algorithm = context.get("s3:x-amz-server-side-encryption", "aws:kms")
        return named if algorithm == "aws:kms" else None
    record = (need(s3, "_buckets").get(bucket) or {"objects": {}})["objects"].get(name)
    stored: str | None = need(s3, "_stored_sse_headers")(record).get(_S3_KEY) if record else None
    return stored


def _bucket_of(arn: str) -> str:
    """The bucket's ARN in the place of an object's, where the bucket has a key of its own."""
    bucket = arn.partition("/")[0]
    settings = str(need(s3, "_bucket_encryption").get(bucket.removeprefix("arn:aws:s3:::")))
    return bucket if "<BucketKeyEnabled>true" in settings else ""


def _table(arn: str) -> str:
    return arn.partition(":table/")[2].partition("/")[0]


SERVICES = {
    name: Encrypted(name=name, **table)
    for name, table in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
}
