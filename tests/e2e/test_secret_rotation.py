"""The secret is rotated through Secrets Manager, and the cursors it signs follow."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.api import Api
from tests.deployment import Deployment
from tests.partner import eventually

# How long an instance of the function may use keys that it loaded (see the API's documentation).
KEEP_SECONDS = 30
_PATIENCE_SECONDS = 60.0


def test_a_rotation_changes_the_password_and_keeps_the_username(deployment: Deployment) -> None:
    before = _value(deployment)

    _rotate(deployment)

    after = _value(deployment)
    assert after["username"] == before["username"] == "admin"
    assert after["password"] != before["password"]
    assert len(after["password"]) == 32
    assert after["password"].isalnum()


def test_cursors_outlive_one_rotation_and_end_with_the_second(
    api: Api, deployment: Deployment, new_item: Callable[..., Any]
) -> None:
    new_item()
    new_item()
    old = _cursor_signed_with(api, _current_version(deployment))

    new = _cursor_signed_with(api, _rotate(deployment))
    assert api.call("list", cursor=old).status == 200
    assert api.call("list", cursor=new).status == 200

    newest = _rotate(deployment)
    _until_refused(api, old)
    assert api.call("list", cursor=new).status == 200
    assert api.call("list", cursor=_cursor_signed_with(api, newest)).status == 200


@pytest.mark.parametrize(
    "function",
    ["tap-secret-rotation", "tap-partner-secret-rotation", "tap-store-secret-rotation"],
)
def test_a_schedule_that_does_not_begin_at_once_is_tested_and_changes_no_secret(
    deployment: Deployment, function: str
) -> None:
    secrets = deployment.client("secretsmanager")
    arn = _rotated_by(deployment, f"{function}-{deployment.suffix}")
    before = secrets.get_secret_value(SecretId=arn)

    version = secrets.rotate_secret(SecretId=arn, RotateImmediately=False)["VersionId"]

    lines = eventually(lambda: _said(deployment, f"{function}-{deployment.suffix}", version), bool)
    assert [(line["step"], line["message"]) for line in lines] == [
        ("testSecret", "rotation step done")
    ]
    stages = eventually(
        lambda: secrets.describe_secret(SecretId=arn)["VersionIdsToStages"],
        lambda found: version not in found,
    )
    assert version not in stages
    after = secrets.get_secret_value(SecretId=arn)
    assert (after["VersionId"], after["SecretString"]) == (
        before["VersionId"],
        before["SecretString"],
    )


@pytest.mark.embedded
def test_the_stores_rotation_was_tested_at_deployment_and_did_not_fail(
    deployment: Deployment,
) -> None:
    lines = _said(deployment, f"tap-store-secret-rotation-{deployment.suffix}", "testSecret")

    assert "rotation step done" in [line["message"] for line in lines]
    assert not [line for line in lines if line["level"] == "ERROR"]


def _rotated_by(deployment: Deployment, function: str) -> str:
    """The ARN of the secret that a function rotates."""
    found = deployment.client("lambda").get_function_configuration(FunctionName=function)
    arn: str = found["Environment"]["Variables"]["SECRET_ARN"]
    return arn


def _said(deployment: Deployment, function: str, text: str) -> list[dict[str, Any]]:
    """What a function's log says of its steps, in the lines that hold a text."""
    found = deployment.client("lambda").get_function_configuration(FunctionName=function)
    pages = (
        deployment.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=found["LoggingConfig"]["LogGroup"], filterPattern=f'"{text}"')
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    return [line for line in lines if line.get("message", "").startswith("rotation step")]


def _cursor_signed_with(api: Api, version: str) -> str:
    """A cursor signed with this version of the secret, once an instance has loaded it."""
    deadline = time.monotonic() + KEEP_SECONDS + 5
    while True:
        cursor: str = api.call("list", limit=1).data["cursor"]
        if cursor.startswith(f"{version}."):
            return cursor
        assert time.monotonic() < deadline, "cursors are still signed with the previous key"
        # A key that an instance does not know makes it load its keys before their time.
        assert api.call("list", cursor=f"unknown.{cursor.partition('.')[2]}").status == 400
        time.sleep(0.5)


def _until_refused(api: Api, cursor: str) -> None:
    deadline = time.monotonic() + KEEP_SECONDS + 5
    while (answer := api.call("list", cursor=cursor)).status == 200:
        assert time.monotonic() < deadline, "the cursor outlived its key and the time it is kept"
        time.sleep(0.5)
    assert answer.status == 400
    assert answer.error["code"] == "invalid_cursor"


def _value(deployment: Deployment) -> dict[str, str]:
    found = deployment.client("secretsmanager").get_secret_value(
        SecretId=deployment.outputs["SecretArn"]
    )
    value: dict[str, str] = json.loads(found["SecretString"])
    return value


def _current_version(deployment: Deployment) -> str:
    found = deployment.client("secretsmanager").get_secret_value(
        SecretId=deployment.outputs["SecretArn"]
    )
    return str(found["VersionId"])


def _rotate(deployment: Deployment) -> str:
    """Rotate, wait until the new version is the current one, and return its id."""
    secrets, arn = deployment.client("secretsmanager"), deployment.outputs["SecretArn"]
    version = str(secrets.rotate_secret(SecretId=arn)["VersionId"])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].get(version) != [
        "AWSCURRENT"
    ]:
        assert time.monotonic() < deadline, "the rotation did not end"
        time.sleep(0.2)
    return version
