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

from ministack.services import dynamodb, lambda_svc, s3, secretsmanager, sns, sqs

from localcloud.cloud import ACCOUNT
from localcloud.consent.engine import Context, Refusal
from localcloud.engine.internals import need

# The action of a part of an upload, which is s3:PutObject in policies and asks for more.
UPLOAD = "s3:PutObject of an upload in parts"

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_S3_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
# What KMS says of Decrypt without naming the key, as services call it.
_UNNAMED = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """One service's use of customer keys, as AWS's page says that the table names."""

    asks: Mapping[str, Sequence[str]]  # the key actions by IAM action
    # That of a resource, given the action, the ARN and the request's condition keys; no key for
    # AWS's own.
    key: Callable[[str, str, Context], str | None]
    bound: Callable[[str], dict[str, str]]  # the encryption context, given the ARN
    codes: Sequence[str]  # of errors: denied, disabled, in another wrong state
    words: Callable[[Refusal], str]
    status: int = 400  # of these errors, but for S3's `AccessDenied`

    def error(self, refusal: Refusal) -> tuple[str, str]:
        """Return the code and the message of a refusal."""
        of_kms = ("AccessDeniedException", "DisabledException", "KMSInvalidStateException")
        return self.codes[of_kms.index(refusal.code)], self.words(refusal)


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


def _of_bucket_or_object(arn: str) -> dict[str, str]:
    bucket = arn.partition("/")[0]
    settings = str(need(s3, "_bucket_encryption").get(bucket.removeprefix("arn:aws:s3:::")))
    has_bucket_key = "<BucketKeyEnabled>true" in settings
    return {"aws:s3:arn": bucket if has_bucket_key else arn}


def _table_name(arn: str) -> str:
    return arn.partition(":table/")[2].partition("/")[0]


def _member(record: Any, *names: str) -> Any:
    """Return what is under these names, one in the other; None where there is no such record."""
    for name in names:
        record = (record or {}).get(name)
    return record


SERVICES: dict[str, Encrypted] = {
    "s3": Encrypted(
        key=_of_object,
        bound=_of_bucket_or_object,
        words=lambda refusal: refusal.message,
        **_TABLE["s3"],
    ),
    "dynamodb": Encrypted(
        key=lambda _, arn, __: _member(
            need(dynamodb, "_tables").get(_table_name(arn)), "SSEDescription", "KMSMasterKeyArn"
        ),
        bound=lambda arn: {
            "aws:dynamodb:tableName": _table_name(arn),
            "aws:dynamodb:subscriberId": ACCOUNT,
        },
        words=lambda refusal: (
            "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: "
            + _as_kms(refusal)
        ),
        **_TABLE["dynamodb"],
    ),
    "secretsmanager": Encrypted(
        key=lambda _, arn, __: _member(need(secretsmanager, "_resolve")(arn)[1], "KmsKeyId"),
        bound=lambda arn: {"SecretARN": arn},
        words=lambda refusal: (
            "Access to KMS is not allowed"
            if refusal.code == "AccessDeniedException"
            else f"Secrets Manager can't use the KMS key: {refusal.message}"
        ),
        **_TABLE["secretsmanager"],
    ),
    "sqs": Encrypted(
        key=lambda _, arn, __: _member(
            need(sqs, "_queue_by_arn")(arn), "attributes", "KmsMasterKeyId"
        ),
        bound=lambda arn: {"aws:sqs:arn": arn},
        words=_as_kms,
        **_TABLE["sqs"],
    ),
    "sns": Encrypted(
        key=lambda _, arn, __: _member(
            need(sns, "_topic_by_arn_any_scope")(arn), "attributes", "KmsMasterKeyId"
        ),
        bound=lambda arn: {"aws:sns:topicArn": arn},
        words=_as_kms,
        **_TABLE["sns"],
    ),
    "lambda": Encrypted(
        key=lambda _, arn, __: _member(
            need(lambda_svc, "_get_func_record_for_ref")(arn)[1], "KMSKeyArn"
        ),
        bound=lambda arn: {"aws:lambda:FunctionArn": arn},
        words=lambda refusal: (
            "Lambda was unable to decrypt the environment variables because the KMS key used is "
            f"{'disabled' if refusal.code == 'DisabledException' else 'in an invalid state'}. "
            "Please check the function's KMS key settings."
        ),
        **_TABLE["lambda"],
    ),
}
