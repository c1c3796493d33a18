"""Which key actions each service asks of its callers, and how it words a refusal.

A caller's request is done with the key on the caller's behalf (`kms:ViaService`), under the
encryption context that the service binds to the data. SQS, SNS and DynamoDB keep a data key for up
to five minutes on AWS, so that a change of policy has its effect there later than here.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb, lambda_svc, s3, secretsmanager, sns, sqs

from localcloud.cloud import ACCOUNT
from localcloud.consent.engine import Refusal
from localcloud.engine.internals import need

_READ = ("kms:Decrypt",)
_WRITE = ("kms:GenerateDataKey", "kms:Decrypt")
_S3_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
# The action of a part of an upload, which is s3:PutObject in policies and asks for more.
UPLOAD = "s3:PutObject of an upload in parts"
# What KMS says of Decrypt without naming the key, as services call it.
_UNNAMED = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """One service's use of customer keys.

    Attributes:
        page: AWS's page that says so.
        asks: The key actions by IAM action.
        key: The key of a resource, given the action, the ARN and the request's condition keys; None
            for AWS's own.
        bound: The encryption context, given the ARN.
        codes: The service's error code by KMS's exception.
        words: The service's message.
    """

    page: str
    asks: Mapping[str, tuple[str, ...]]
    key: Callable[[str, str, Mapping[str, Any]], str | None]
    bound: Callable[[str], dict[str, str]]
    codes: Mapping[str, str]
    words: Callable[[Refusal], str]


def _as_kms(refusal: Refusal) -> str:
    unnamed = refusal.action == "kms:Decrypt" and refusal.code == "AccessDeniedException"
    return (
        f"{_UNNAMED if unnamed else refusal.message} (Service: AWSKMS; Status Code: 400; "
        f"Error Code: {refusal.code}; Request ID: {uuid.uuid4()}; Proxy: null)"
    )


def _of_object(action: str, arn: str, context: Mapping[str, Any]) -> str | None:
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


def _of_table(_action: str, arn: str, _context: Mapping[str, Any]) -> str | None:
    table = need(dynamodb, "_tables").get(_table_name(arn)) or {}
    found: str | None = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")
    return found


def _table_name(arn: str) -> str:
    return arn.partition(":table/")[2].partition("/")[0]


def _of_secret(_action: str, arn: str, _context: Mapping[str, Any]) -> str | None:
    _, secret = need(secretsmanager, "_resolve")(arn)
    found: str | None = (secret or {}).get("KmsKeyId")
    return found


def _of_queue(_action: str, arn: str, _context: Mapping[str, Any]) -> str | None:
    queue = need(sqs, "_queue_by_arn")(arn) or {"attributes": {}}
    found: str | None = queue["attributes"].get("KmsMasterKeyId")
    return found


def _of_topic(_action: str, arn: str, _context: Mapping[str, Any]) -> str | None:
    topic = need(sns, "_topic_by_arn_any_scope")(arn) or {}
    found: str | None = (topic.get("attributes") or {}).get("KmsMasterKeyId")
    return found


def _of_function(_action: str, arn: str, _context: Mapping[str, Any]) -> str | None:
    _, config, _ = need(lambda_svc, "_get_func_record_for_ref")(arn)
    found: str | None = (config or {}).get("KMSKeyArn")
    return found


SERVICES: dict[str, Encrypted] = {
    "s3": Encrypted(
        page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
        asks={
            "s3:GetObject": _READ,
            "s3:GetObjectVersion": _READ,
            "s3:PutObject": ("kms:GenerateDataKey",),
            UPLOAD: _WRITE,
        },
        key=_of_object,
        bound=_of_bucket_or_object,
        codes={
            "AccessDeniedException": "AccessDenied",
            "DisabledException": "KMS.DisabledException",
            "KMSInvalidStateException": "KMS.KMSInvalidStateException",
        },
        words=lambda refusal: refusal.message,
    ),
    "dynamodb": Encrypted(
        # The caller's own right is asked for the table's key; grants are for background work.
        page="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
        asks={
            f"dynamodb:{operation}": _READ
            for operation in (
                "BatchGetItem",
                "BatchWriteItem",
                "ConditionCheckItem",
                "DeleteItem",
                "GetItem",
                "PutItem",
                "Query",
                "Scan",
                "UpdateItem",
            )
        },
        key=_of_table,
        bound=lambda arn: {
            "aws:dynamodb:tableName": _table_name(arn),
            "aws:dynamodb:subscriberId": ACCOUNT,
        },
        codes=dict.fromkeys(
            ("AccessDeniedException", "DisabledException", "KMSInvalidStateException"),
            "AccessDeniedException",
        ),
        words=lambda refusal: (
            "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: "
            + _as_kms(refusal)
        ),
    ),
    "secretsmanager": Encrypted(
        page="https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
        asks={
            "secretsmanager:GetSecretValue": _READ,
            "secretsmanager:PutSecretValue": _WRITE,
            "secretsmanager:UpdateSecret": _WRITE,
        },
        key=_of_secret,
        bound=lambda arn: {"SecretARN": arn},
        codes={
            "AccessDeniedException": "AccessDeniedException",
            "DisabledException": "DecryptionFailure",
            "KMSInvalidStateException": "DecryptionFailure",
        },
        words=lambda refusal: (
            "Access to KMS is not allowed"
            if refusal.code == "AccessDeniedException"
            else f"Secrets Manager can't use the KMS key: {refusal.message}"
        ),
    ),
    "sqs": Encrypted(
        page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html",
        asks={"sqs:SendMessage": _WRITE, "sqs:ReceiveMessage": _READ},
        key=_of_queue,
        bound=lambda arn: {"aws:sqs:arn": arn},
        codes={
            "AccessDeniedException": "KMS.AccessDeniedException",
            "DisabledException": "KMS.DisabledException",
            "KMSInvalidStateException": "KMS.InvalidStateException",
        },
        words=_as_kms,
    ),
    "sns": Encrypted(
        page="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        asks={"sns:Publish": _WRITE},
        key=_of_topic,
        bound=lambda arn: {"aws:sns:topicArn": arn},
        codes={
            "AccessDeniedException": "KMSAccessDenied",
            "DisabledException": "KMSDisabled",
            "KMSInvalidStateException": "KMSInvalidState",
        },
        words=_as_kms,
    ),
    "lambda": Encrypted(
        # Lambda decrypts a function's variables by a grant of its own: nobody is asked for a right.
        page="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html",
        asks={"lambda:InvokeFunction": ()},
        key=_of_function,
        bound=lambda arn: {"aws:lambda:FunctionArn": arn},
        codes={
            "DisabledException": "KMSDisabledException",
            "KMSInvalidStateException": "KMSInvalidStateException",
        },
        words=lambda refusal: (
            "Lambda was unable to decrypt the environment variables because the KMS key used is "
            f"{'disabled' if refusal.code == 'DisabledException' else 'in an invalid state'}. "
            "Please check the function's KMS key settings."
        ),
    ),
}
