"""Settings whose effect shows when somebody does what they forbid."""

import base64
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.exceptions
import pytest

from tests.api import Api
from tests.deployment import ORIGINS, Deployment
from tests.partner import PartnerApi, eventually
from tests.security.own_resources import Own, own_resources


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


@pytest.fixture(name="own")
def resources_of_this_suite(deployment: Deployment) -> Iterator[Own]:
    """A role, and functions with it, until the test ends."""
    with own_resources(deployment) as made:
        yield made


def invoked(own: Own, code: str, **settings: int) -> str:
    """What Lambda answers for a function of this code."""
    functions, function = own.deployment.client("lambda"), own.function(uuid.uuid4().hex)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", f"import time\ndef handler(event, context):\n    {code}\n")
    functions.update_function_code(FunctionName=function, ZipFile=package.getvalue())
    functions.update_function_configuration(FunctionName=function, **settings)
    answer: str = functions.invoke(FunctionName=function)["Payload"].read().decode()
    return answer


@pytest.mark.embedded
def test_a_function_ends_at_its_timeout(own: Own) -> None:
    assert "timed out" in invoked(own, "time.sleep(5)", Timeout=1).lower()


@pytest.mark.embedded
def test_a_function_has_no_more_memory_than_it_was_given(own: Own) -> None:
    code = "return len(bytearray(200_000_000))"

    assert invoked(own, code, MemorySize=512, Timeout=10) == "200000000"
    assert "errorType" in invoked(own, code, MemorySize=128, Timeout=10)


def test_a_page_may_read_what_the_api_exposes_and_remember_it(
    deployment: Deployment, api: Api
) -> None:
    cors = deployment.client("apigatewayv2").get_api(ApiId=deployment.outputs["HttpApiId"])[
        "CorsConfiguration"
    ]
    origin = {"origin": ORIGINS[0], "access-control-request-method": "POST"}

    preflight = api.request("OPTIONS", "/api", token=None, headers=origin)
    answer = api.request("GET", "/health", token=None, headers={"origin": ORIGINS[0]})

    assert preflight.headers["access-control-max-age"] == str(cors["MaxAge"])
    exposed = answer.headers["access-control-expose-headers"].lower().replace(" ", "").split(",")
    assert exposed == [name.lower() for name in cors["ExposeHeaders"]]


def test_a_rest_stage_logs_each_request_in_its_format(
    deployment: Deployment, partner: PartnerApi
) -> None:
    stage = deployment.client("apigateway").get_stage(
        restApiId=partner.outputs["RestApiId"], stageName="prod"
    )["accessLogSettings"]
    group = stage["destinationArn"].rpartition(":log-group:")[2]
    logs = deployment.client("logs")

    request = partner.call("GET", "/").headers["x-request-id"]

    [line] = eventually(
        lambda: logs.filter_log_events(logGroupName=group, filterPattern=f'"{request}"')["events"],
        bool,
    )
    said = json.loads(line["message"])
    assert said.keys() == json.loads(stage["format"]).keys()
    assert (said["method"], said["status"]) == ("GET", "200")


@pytest.mark.embedded
def test_a_rest_stage_takes_no_more_than_its_methods_may(
    deployment: Deployment, partner: PartnerApi
) -> None:
    gateway = deployment.client("apigateway")
    stage = {"restApiId": partner.outputs["RestApiId"], "stageName": "prod"}
    before = gateway.get_stage(**stage)["methodSettings"]["*/*"]

    def throttle(rate: float, burst: int) -> None:
        values = {"rateLimit": rate, "burstLimit": burst}
        gateway.update_stage(
            **stage,
            patchOperations=[
                {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)}
                for name, value in values.items()
            ],
        )

    throttle(1, 1)
    try:
        answers = [partner.call("GET", "/") for _ in range(20)]
    finally:
        throttle(before["throttlingRateLimit"], before["throttlingBurstLimit"])

    assert {answer.status for answer in answers} == {200, 429}
    assert eventually(lambda: partner.call("GET", "/"), lambda a: a.status == 200).status == 200
