"""Rotation: a new password under the protocol of Secrets Manager, however often it calls."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.secret_rotation import handler
from services.shared.rotation import Rotation, RotationRefused
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


@pytest.fixture
def pending(secret: fakes.SecretsManager) -> Any:
    """The secret when Secrets Manager has just begun to rotate it."""
    secret.stages["AWSPENDING"] = "v2"
    return secret


def run(
    secret: fakes.SecretsManager, *steps: str, secret_id: str = SECRET, version: str = "v2"
) -> None:
    for step in steps:
        Rotation(secret, SECRET).run(step=step, secret_id=secret_id, token=version)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_four_steps_give_a_new_password_and_keep_the_old_however_often_each_runs(
    pending: fakes.SecretsManager, times: int
) -> None:
    run(pending, *[step for step in STEPS for _ in range(times)])

    assert pending.stages["AWSCURRENT"] == "v2"
    assert pending.stages["AWSPREVIOUS"] == "v1"
    assert pending.values["v2"] == {"username": "admin", "password": "n" * 32}
    assert pending.values["v1"] == {"username": "admin", "password": "1" * 32}
    assert pending.calls.count(("put_secret_value", "v2")) == 1
    assert pending.calls.count(("update_secret_version_stage", "v2")) == 1


def test_a_rotation_that_is_over_changes_nothing_when_it_is_repeated(
    pending: fakes.SecretsManager,
) -> None:
    run(pending, *STEPS)
    pending.calls.clear()

    run(pending, *STEPS)

    assert pending.calls == []


@pytest.mark.parametrize(
    "call",
    [
        {"secret_id": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:another"},
        {"version": "v3"},
        {"steps": ["dropSecret"]},
    ],
)
def test_another_secret_version_or_step_is_refused_and_changes_nothing(
    pending: fakes.SecretsManager, call: Any
) -> None:
    steps = call.pop("steps", ["createSecret"])

    with pytest.raises(RotationRefused):
        run(pending, *steps, **call)
    assert "v2" not in pending.values


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "n" * 32},
        {"username": "root", "password": "n" * 32},
        {"username": "root", "password": "1" * 32},
        {"username": "admin", "password": "n" * 31},
    ],
)
def test_a_version_that_is_no_rotation_of_the_current_one_fails_its_test(
    pending: fakes.SecretsManager, wrong: Any
) -> None:
    pending.values["v2"] = wrong

    with pytest.raises(RotationRefused):
        run(pending, "testSecret")


@pytest.mark.parametrize("value", [None, {"username": "admin", "password": "1" * 32}])
def test_secrets_managers_own_test_of_the_setup_passes_and_changes_nothing(
    pending: fakes.SecretsManager, value: Any
) -> None:
    if value:
        pending.values["v2"] = value

    run(pending, "testSecret")

    assert pending.stages == {"AWSCURRENT": "v1", "AWSPENDING": "v2"}
    assert {name for name, _ in pending.calls} == {"get_secret_value"}


def test_a_setup_whose_secret_cannot_be_read_fails_its_test(
    pending: fakes.SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> None:
        raise fakes.client_error("AccessDeniedException")

    monkeypatch.setattr(pending, "get_secret_value", denied)

    with pytest.raises(ClientError):
        run(pending, "testSecret")


@pytest.mark.parametrize(
    "value",
    [
        {"username": "admin", "password": "1" * 32},
        {"username": "root", "password": "n" * 32},
        {"password": "n" * 32},
    ],
)
def test_what_is_no_rotation_never_becomes_current(
    pending: fakes.SecretsManager, value: Any
) -> None:
    pending.values["v2"] = value

    with pytest.raises(RotationRefused):
        run(pending, "finishSecret")
    assert pending.stages["AWSCURRENT"] == "v1"


def test_a_version_without_a_value_never_becomes_current(pending: fakes.SecretsManager) -> None:
    with pytest.raises(RotationRefused, match="AWSPENDING has no value"):
        run(pending, "finishSecret")
    assert pending.stages["AWSCURRENT"] == "v1"


def test_a_new_version_is_only_made_when_none_is_there_yet(
    pending: fakes.SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> None:
        raise fakes.client_error("AccessDeniedException")

    monkeypatch.setattr(pending, "get_secret_value", denied)

    with pytest.raises(ClientError):
        run(pending, "createSecret")
    assert pending.calls == []


def test_the_log_tells_step_and_version_and_no_value(
    pending: fakes.SecretsManager, monkeypatch: pytest.MonkeyPatch, log_lines: fakes.LogLines
) -> None:
    fakes.give(monkeypatch, handler, Rotation(pending, SECRET))
    event = {"SecretId": SECRET, "ClientRequestToken": "v2"}

    for step in STEPS:
        handler.lambda_handler({**event, "Step": step}, None)
    with pytest.raises(RotationRefused):
        handler.lambda_handler({**event, "Step": "dropSecret"}, None)

    lines = log_lines()
    assert [line["step"] for line in lines] == [*STEPS, "dropSecret"]
    assert {line["version_id"] for line in lines} == {"v2"}
    assert lines[-1]["error"] == "RotationRefused"
    for value in ("n" * 32, "1" * 32, "admin"):
        assert value not in json.dumps(lines)
