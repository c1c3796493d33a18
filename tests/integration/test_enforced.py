"""Settings whose effect shows when somebody does what they forbid."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.exceptions
import pytest

from tests.api import Api
from tests.deployment import Deployment


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done here is refused with this code."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] == code


def test_a_bucket_takes_no_public_policy(deployment: Deployment) -> None:
    bucket = deployment.outputs["S3BucketName"]
    everyone = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})

    with refused("AccessDenied"):
        deployment.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)


def test_an_object_takes_no_acl(deployment: Deployment) -> None:
    bucket = deployment.outputs["S3BucketName"]

    with refused("AccessControlListNotSupported"):
        deployment.client("s3").put_object(Bucket=bucket, Key="public", ACL="public-read")


def test_a_weak_password_is_refused(deployment: Deployment) -> None:
    with refused("InvalidPasswordException"):
        deployment.client("cognito-idp").admin_create_user(
            UserPoolId=deployment.outputs["UserPoolId"],
            Username="a@example.com",
            TemporaryPassword="short",  # nobody's
        )


def test_a_token_lives_for_fifteen_minutes(api: Api) -> None:
    claims = api.token().split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    assert said["exp"] - said["iat"] == 15 * 60


def test_a_protected_table_cannot_be_deleted(deployment: Deployment) -> None:
    with refused("ValidationException"):
        deployment.client("dynamodb").delete_table(
            TableName=deployment.outputs["DynamoDBTableName"]
        )


def test_a_key_is_found_by_its_alias(deployment: Deployment) -> None:
    found = deployment.client("kms").describe_key(
        KeyId=f"alias/tap-application-key-{deployment.suffix}"
    )["KeyMetadata"]

    assert found["KeyId"] == deployment.outputs["KMSKeyId"]
