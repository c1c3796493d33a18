"""Prints what botocore does with the data found in PYTHONPATH: a program, which tests run twice.

usage: aws_probe.py '{"dynamodb": ["GetItem"], ...}' [--own]

For each operation, in several regions: the signed requests, the second of a retry too, the parsed
answer, the parsed errors. Nothing is sent; the clock stands still. With --own, the session is the
functions' own instead of a plain one.
"""

import datetime
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import botocore.auth
import botocore.session
import botocore.signers
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY = {"id": {"S": "a"}}
OBJECT = {"Bucket": "my-bucket", "Key": "uploads/a b+ü.png"}
ATTRIBUTES = {"n": {"N": "1"}, "l": {"L": [{"BOOL": True}, {"NULL": True}]}, "b": {"B": b"1"}}

# operation: parameters, and a successful answer's body (JSON) or headers (S3)
SAMPLES: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "codedeploy": {
        "PutLifecycleEventHookExecutionStatus": (
            {
                "deploymentId": "d-1",
                "lifecycleEventHookExecutionId": "e",
                "status": "Succeeded",
            },
            {"lifecycleEventHookExecutionId": "e"},
        ),
    },
    "lambda": {
        "Invoke": ({"FunctionName": "f:1", "Payload": b"{}"}, {"statusCode": 200}),
    },
    "dynamodb": {
        "PutItem": (
            {
                "TableName": "t",
                "Item": {**KEY, "m": {"M": ATTRIBUTES}},
                "ConditionExpression": "attribute_not_exists(id)",
            },
            {},
        ),
        "GetItem": ({"TableName": "t", "Key": KEY, "ConsistentRead": True}, {"Item": KEY}),
        "DeleteItem": (
            {"TableName": "t", "Key": KEY, "ReturnValues": "ALL_OLD"},
            {"Attributes": {"m": {"M": {"b": {"B": "eA=="}}}}},
        ),
        "UpdateItem": (
            {
                "TableName": "t",
                "Key": KEY,
                "UpdateExpression": "SET #a = :a",
                "ExpressionAttributeNames": {"#a": "n"},
                "ExpressionAttributeValues": {":a": {"M": ATTRIBUTES}},
                "ReturnValues": "ALL_NEW",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
            {"Attributes": {"n": {"N": "2"}}},
        ),
        "Scan": (
            {"TableName": "t", "Limit": 5, "ExclusiveStartKey": KEY},
            {"Items": [KEY], "LastEvaluatedKey": KEY, "Count": 1, "ScannedCount": 1},
        ),
        "Query": (
            {
                "TableName": "t",
                "Limit": 5,
                "KeyConditionExpression": "#o = :o",
                "ExpressionAttributeNames": {"#o": "owner"},
                "ExpressionAttributeValues": {":o": {"S": "k"}},
            },
            {"Items": [KEY], "LastEvaluatedKey": KEY, "Count": 1, "ScannedCount": 1},
        ),
        "BatchGetItem": (
            {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}},
            {"Responses": {"t": [{**KEY, "b": {"B": "eA=="}}]}, "UnprocessedKeys": {}},
        ),
        "DescribeTable": (
            {"TableName": "t"},
            {"Table": {"TableStatus": "ACTIVE", "CreationDateTime": 1.7e9, "ItemCount": 3}},
        ),
    },
    "s3": {
        "HeadBucket": ({"Bucket": "my-bucket"}, {"x-amz-bucket-region": "eu-west-1"}),
        "GetBucketLocation": (
            {"Bucket": "my-bucket"},
            {"body": "<LocationConstraint>eu-west-1</LocationConstraint>"},
        ),
        "DeleteObject": (OBJECT, {"x-amz-delete-marker": "true", "x-amz-version-id": "v"}),
        "HeadObject": (OBJECT, {"content-type": "image/png", "x-amz-meta-a": "b"}),
        "GetObject": (OBJECT, {"etag": '"e"', "last-modified": "Mon, 02 Nov 2026 00:00:00 GMT"}),
        "PutObject": (
            {**OBJECT, "Body": b"x", "ContentType": "image/png", "ServerSideEncryption": "aws:kms"},
            {"etag": '"e"', "x-amz-version-id": "v"},
        ),
    },
    "secretsmanager": {
        "DescribeSecret": (
            {"SecretId": "s"},
            {
                "Name": "s",
                "RotationEnabled": True,
                "LastRotatedDate": 1.7e9,
                "VersionIdsToStages": {"v": ["AWSCURRENT"]},
            },
        ),
        "GetSecretValue": (
            {"SecretId": "s", "VersionStage": "AWSPREVIOUS"},
            {"SecretString": "v", "SecretBinary": "eA==", "VersionStages": ["AWSPREVIOUS"]},
        ),
        "PutSecretValue": (
            {"SecretId": "s", "ClientRequestToken": "t" * 32, "SecretString": "v"},
            {"VersionId": "t" * 32},
        ),
        "UpdateSecretVersionStage": (
            {"SecretId": "s", "VersionStage": "AWSCURRENT", "MoveToVersionId": "t" * 32},
            {"ARN": "a"},
        ),
        "GetRandomPassword": ({"ExcludePunctuation": True}, {"RandomPassword": "p"}),
    },
    "sqs": {
        "SendMessage": (
            {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q", "MessageBody": "x"},
            {"MessageId": "m", "MD5OfMessageBody": "9dd4e461268c8034f5c8564e155c67a6"},
        ),
        "GetQueueAttributes": (
            {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q"},
            {"Attributes": {"QueueArn": "a"}},
        ),
    },
}
ERRORS = {
    "codedeploy": ("DeploymentDoesNotExistException", "AccessDeniedException"),
    "lambda": ("ResourceNotFoundException", "TooManyRequestsException", "KMSDisabledException"),
    "dynamodb": (
        "ConditionalCheckFailedException",
        "ProvisionedThroughputExceededException",
        "ResourceNotFoundException",
        "TransactionCanceledException",
        "ValidationException",
    ),
    "s3": ("NoSuchKey", "NoSuchBucket", "InvalidObjectState", "AccessDenied", "InternalError", ""),
    "secretsmanager": ("ResourceNotFoundException", "DecryptionFailure", "AccessDeniedException"),
    "sqs": ("QueueDoesNotExist", "ThrottlingException", "KmsThrottled", "AccessDeniedException"),
}
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "xx-new-1")
SETTINGS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "FIPS": {"use_fips_endpoint": True},
    "dual stack": {"use_dualstack_endpoint": True},
    "path style": {"s3": {"addressing_style": "path"}},
    "virtual style": {"s3": {"addressing_style": "virtual"}},
}
RANDOM_HEADERS = ("user-agent", "amz-sdk-invocation-id", "amz-sdk-request")


class _Body(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        """Yield the whole body, as botocore's raw responses do piece by piece."""
        yield self.read()


def _answer(service: str, code: str | None, success: dict[str, Any]) -> AWSResponse:
    headers: Any = {"x-amzn-requestid": "r", "x-amz-request-id": "r"}
    status = 200 if code is None else 404 if service == "s3" else 400
    if code == "InternalError":
        status = 200  # S3 fails so after it has begun to answer
    if code == "QueueDoesNotExist":
        headers["x-amzn-query-error"] = "AWS.SimpleQueueService.NonExistentQueue;Sender"
    if service != "s3":
        body = success if code is None else {"__type": code, "message": "m", "Item": KEY}
        text = json.dumps(body)
    elif code:
        text = f"<Error><Code>{code}</Code><Message>m</Message></Error>"
    else:
        text = success.get("body", "")
        headers |= {name: value for name, value in success.items() if name != "body"}
    return AWSResponse("https://stub", status, headers, _Body(text.encode()))


def _call(
    client: Any, operation: str, parameters: dict[str, Any], answer: AWSResponse
) -> dict[str, object]:
    sent: list[object] = []

    def answer_unsent(request: Any, **_: object) -> AWSResponse:
        headers = {k: str(v) for k, v in request.headers.items()}
        body = request.body if isinstance(request.body, bytes | None) else request.body.read()
        kept = {k: v for k, v in headers.items() if k.lower() not in RANDOM_HEADERS}
        sent.append([request.method, request.url, kept, repr(body)])
        return answer

    client.meta.events.register_first("before-send", answer_unsent)
    try:
        parsed = getattr(client, xform_name(operation))(**parameters)
        if hasattr(parsed.get("Body"), "read"):
            parsed["Body"] = parsed["Body"].read()
        if "Payload" in parsed:
            parsed["Payload"] = parsed["Payload"].read()
        outcome = repr(parsed)
    except (BotoCoreError, ClientError) as error:
        outcome = f"{type(error).__name__} {error} {getattr(error, 'response', '')!r}"
    finally:
        client.meta.events.unregister("before-send", answer_unsent)
    return {"sent": sent, "outcome": outcome}


def _probe(
    client: Any, service: str, operations: list[str], errors: tuple[str, ...]
) -> Iterator[tuple[str, object]]:
    yield "exceptions", sorted(name for name in dir(client.exceptions) if name[0].isupper())
    for operation in operations:
        parameters, success = SAMPLES[service][operation]
        yield f"{operation} can be paged", client.can_paginate(xform_name(operation))
        for code in (None, *errors):
            answer = _answer(service, code, success)
            yield f"{operation} answers {code}", _call(client, operation, parameters, answer)
    if service == "s3" and "PutObject" in operations:
        yield (
            "presigned POST",
            client.generate_presigned_post(
                **OBJECT, Conditions=[["content-length-range", 1, 9]], ExpiresIn=900
            ),
        )
    if service == "s3" and "GetObject" in operations:
        yield (
            "presigned GET",
            client.generate_presigned_url(
                "get_object", {**OBJECT, "ResponseContentDisposition": "attachment"}, ExpiresIn=900
            ),
        )


def main(declared: dict[str, list[str]], session_for: Callable[[str], Any]) -> dict[str, object]:
    """Return every probe's result by what was probed."""

    def still(remove_tzinfo: bool = True) -> datetime.datetime:
        return datetime.datetime(2026, 1, 1, tzinfo=None if remove_tzinfo else datetime.UTC)

    for module in (botocore.auth, botocore.signers):
        module.get_current_datetime = still  # type: ignore[attr-defined]  # imported there by name
    time.sleep = lambda _: None  # before a retry
    results: dict[str, object] = {}
    for where, settings in [(region, {}) for region in REGIONS] + list(SETTINGS.items()):
        for service, operations in declared.items():
            config = Config(
                retries={"mode": "standard", "total_max_attempts": 2},
                signature_version="s3v4" if service == "s3" else None,
                **settings,
            )
            region = where if where in REGIONS else "us-east-1"
            session = session_for(service)
            session.set_credentials("AKID", "SECRET", "TOKEN")
            client = session.create_client(service, region_name=region, config=config)
            # How an answer is parsed is the same everywhere, so errors are looked at in one place.
            errors = ERRORS[service] if where == REGIONS[0] else ()
            for probe, result in _probe(client, service, operations, errors):
                results[f"{service}, {where}: {probe}"] = result
    return results


def of_the_functions() -> Callable[[str], Any]:
    """Return what gives a session for a service, of the package that lies in PYTHONPATH."""
    from services.shared import aws  # it is not there for the others

    return aws.session


if __name__ == "__main__":
    given = of_the_functions() if "--own" in sys.argv else lambda _: botocore.session.Session()
    print(json.dumps(main(json.loads(sys.argv[1]), given)))  # noqa: T201 - a program's answer
