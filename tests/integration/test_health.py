"""Health says what is down while it is down, and that it is up again, without a hand."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pg8000.native import Connection

from tests.api import Answer, Api
from tests.deployment import Deployment
from tests.partner import PartnerApi
from tests.store import Store

_PATIENCE_SECONDS = 60.0  # on AWS, a change of a policy takes some seconds to count everywhere


def test_a_bucket_out_of_reach_is_named_and_recovers(
    api: Api, deployment: Deployment, functions: Any
) -> None:
    assert _health(api, 200).data == {"status": "up"}

    with _bucket_closed_to(deployment, functions["health"].role_arn):
        down = _health(api, 503)
        details = api.get("/health/details", token="")

    assert down.body["success"] is False
    assert down.body["data"] == {"status": "down"}
    assert details.status == 503
    reasons = {check["name"]: check["reason"] for check in details.body["data"]["checks"]}
    assert reasons == {"table": None, "bucket": "access_denied", "secret": None}
    assert _health(api, 200).data == {"status": "up"}


def test_a_table_out_of_reach_is_named_and_recovers(
    api: Api, deployment: Deployment, functions: Any
) -> None:
    with _closed_to(deployment, functions["health"].role_arn, "dynamodb:DescribeTable"):
        _health(api, 503)
        details = api.get("/health/details", token="")

    reasons = {check["name"]: check["reason"] for check in details.body["data"]["checks"]}
    assert reasons == {"table": "access_denied", "bucket": None, "secret": None}
    assert _health(api, 200).data == {"status": "up"}


def test_a_secret_out_of_reach_is_named_and_recovers(
    api: Api, deployment: Deployment, functions: Any
) -> None:
    with _closed_to(deployment, functions["health"].role_arn, "secretsmanager:GetSecretValue"):
        _health(api, 503)
        details = api.get("/health/details", token="")

    reasons = {check["name"]: check["reason"] for check in details.body["data"]["checks"]}
    assert reasons == {"table": None, "bucket": None, "secret": "access_denied"}
    assert _health(api, 200).data == {"status": "up"}


@pytest.mark.parametrize(
    "action",
    ["dynamodb:DescribeTable", "secretsmanager:GetSecretValue", "sqs:GetQueueAttributes"],
)
def test_the_partner_api_is_down_without_any_of_what_it_needs(
    deployment: Deployment, action: str
) -> None:
    with PartnerApi(deployment) as partner:
        role = deployment.client("lambda").get_function_configuration(
            FunctionName=partner.outputs["LambdaFunctionName"]
        )["Role"]

        def health(status: int) -> Answer:
            return _until(lambda: partner.call("GET", "/health"), status)

        assert health(200).data == {"status": "up"}
        with _closed_to(deployment, role, action):
            assert health(503).error["code"] == "service_unavailable"
        assert health(200).data == {"status": "up"}


@pytest.mark.embedded
def test_a_store_whose_database_lacks_a_migration_is_down_until_it_has_it(
    store: Store, shelf: Callable[[], Connection]
) -> None:
    owner = shelf()
    assert store.get("/api/health").data == {"status": "up"}
    [[number, name, sha256]] = owner.run(
        "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations) "
        "RETURNING number, name, sha256"
    )
    try:
        down = _until(lambda: store.get("/api/health"), 503)
    finally:
        owner.run(
            "INSERT INTO migrations (number, name, sha256) VALUES (:number, :name, :sha256)",
            number=number,
            name=name,
            sha256=sha256,
        )

    assert down.body["data"] == {"status": "down"}
    assert _until(lambda: store.get("/api/health"), 200).data == {"status": "up"}


def _health(api: Api, status: int) -> Answer:
    """The answer once it has this status."""
    return _until(lambda: api.get("/health"), status)


def _until(ask: Callable[[], Answer], status: int) -> Answer:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (answer := ask()).status != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    return answer


@contextmanager
def _bucket_closed_to(deployment: Deployment, role_arn: str) -> Iterator[None]:
    s3, bucket = deployment.client("s3"), deployment.outputs["S3BucketName"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    closed = json.loads(policy)
    closed["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": {"AWS": role_arn},
            "Action": "s3:GetBucketLocation",
            "Resource": f"arn:aws:s3:::{bucket}",
        }
    )
    try:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(closed))
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


@contextmanager
def _closed_to(deployment: Deployment, role_arn: str, action: str) -> Iterator[None]:
    iam, role = deployment.client("iam"), role_arn.rpartition("/")[2]
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    try:
        iam.put_role_policy(RoleName=role, PolicyName="closed", PolicyDocument=policy)
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="closed")
