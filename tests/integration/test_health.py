"""Health says what is down while it is down, and that it is up again, without a hand."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.api import Answer, Api
from tests.deployment import Deployment

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
    assert reasons == {"table": None, "bucket": "access_denied"}
    assert _health(api, 200).data == {"status": "up"}


def test_a_table_out_of_reach_is_named_and_recovers(
    api: Api, deployment: Deployment, functions: Any
) -> None:
    with _table_closed_to(deployment, functions["health"].role_arn):
        _health(api, 503)
        details = api.get("/health/details", token="")

    reasons = {check["name"]: check["reason"] for check in details.body["data"]["checks"]}
    assert reasons == {"table": "access_denied", "bucket": None}
    assert _health(api, 200).data == {"status": "up"}


def _health(api: Api, status: int) -> Answer:
    """The answer once it has this status."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (answer := api.get("/health")).status != status:
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
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
        }
    )
    try:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(closed))
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


@contextmanager
def _table_closed_to(deployment: Deployment, role_arn: str) -> Iterator[None]:
    iam, role = deployment.client("iam"), role_arn.rpartition("/")[2]
    statement = {"Effect": "Deny", "Action": "dynamodb:DescribeTable", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    try:
        iam.put_role_policy(RoleName=role, PolicyName="closed", PolicyDocument=policy)
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="closed")
