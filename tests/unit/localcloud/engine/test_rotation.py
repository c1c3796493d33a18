"""Secret rotation: what the emulator does of it, and what is done here."""

import json
import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from ministack.services import secretsmanager

from localcloud.cloud import Cloud
from localcloud.engine import resources, rotation
from localcloud.engine.internals import need

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:rotate"


class Function:
    """A rotation function that keeps the steps it is called for."""

    def __init__(self, secrets):
        self.steps: list[str] = []
        self.tested: list[str] = []
        self._secrets = secrets
        self.fails_at = ""

    def invoke(self, *, FunctionName, Payload):  # noqa: N803  # pylint: disable=invalid-name
        """One step, as Secrets Manager has it done."""
        assert FunctionName == FUNCTION
        event = json.loads(Payload)
        secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
        self.steps.append(step)
        if step == self.fails_at:
            return {"FunctionError": "Unhandled"}
        if step == "createSecret":
            self._secrets.put_secret_value(
                SecretId=secret,
                ClientRequestToken=token,
                SecretString="new",
                VersionStages=["AWSPENDING"],
            )
        if step == "testSecret":
            found = self._secrets.get_secret_value(SecretId=secret, VersionId=token)
            self.tested.append(found["SecretString"])
        if step == "finishSecret":
            versions = self._secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
            [current] = [name for name, stages in versions.items() if "AWSCURRENT" in stages]
            self._secrets.update_secret_version_stage(
                SecretId=secret,
                VersionStage="AWSCURRENT",
                MoveToVersionId=token,
                RemoveFromVersionId=current,
            )
        return {}


@pytest.fixture
def secrets(emulator):
    return emulator.client("secretsmanager")


@pytest.fixture
def function(secrets):
    return Function(secrets)


@pytest.fixture
def secret(secrets):
    """The id of a secret whose value is `old`."""
    made = secrets.create_secret(Name=f"s-{time.time_ns()}", SecretString="old")["ARN"]
    yield made
    secrets.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def installed(patch, monkeypatch, emulator, function):
    """The patch, with that function for the account's only one."""
    patch(rotation)
    monkeypatch.setattr(rotation, "refused_rotation", lambda *_: None)
    monkeypatch.setattr(
        Cloud,
        "client",
        lambda _, name, **__: function if name == "lambda" else emulator.client(name),
    )


def until(look):
    """Wait for something that is done in the background."""
    deadline = time.monotonic() + 10
    while not look() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert look()


def test_the_original_calls_no_function(secrets, secret, function):
    secrets.rotate_secret(SecretId=secret, RotationLambdaARN=FUNCTION)

    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "old"
    assert not function.steps


@pytest.mark.usefixtures("installed")
def test_a_rotation_calls_the_function_for_each_step(secrets, secret, function):
    secrets.rotate_secret(SecretId=secret, RotationLambdaARN=FUNCTION)

    until(lambda: "LastRotatedDate" in secrets.describe_secret(SecretId=secret))
    assert tuple(function.steps) == rotation.STEPS
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "new"


@pytest.mark.usefixtures("installed")
def test_a_rotation_that_is_not_to_begin_tests_the_current_value(secrets, secret, function):
    secrets.rotate_secret(SecretId=secret, RotationLambdaARN=FUNCTION, RotateImmediately=False)

    def versions():
        return secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]

    until(lambda: function.steps and len(versions()) == 1)
    assert function.steps == ["testSecret"]
    assert function.tested == ["old"]


@pytest.mark.usefixtures("installed")
def test_a_rotation_stops_at_the_step_that_fails(secrets, secret, function):
    function.fails_at = "setSecret"

    secrets.rotate_secret(SecretId=secret, RotationLambdaARN=FUNCTION)

    until(lambda: len(function.steps) == 2)
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "old"
    with pytest.raises(secrets.exceptions.InvalidRequestException, match="isn't complete"):
        secrets.rotate_secret(SecretId=secret)


@pytest.mark.usefixtures("installed")
def test_a_secret_without_a_function_is_not_rotated(secrets, secret):
    with pytest.raises(secrets.exceptions.InvalidRequestException, match="no rotation function"):
        secrets.rotate_secret(SecretId=secret)


@pytest.mark.usefixtures("installed")
def test_a_secret_that_is_not_there_is_not_found(secrets):
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.rotate_secret(SecretId="none", RotationLambdaARN=FUNCTION)


def at(text):
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("rules", "next_date"),
    [
        ({"AutomaticallyAfterDays": 30}, at("2026-12-25T23:59:59")),
        ({"ScheduleExpression": "rate(1 day)"}, at("2026-11-26T23:59:59")),
        ({"ScheduleExpression": "rate(4 hours)"}, at("2026-11-25T14:59:59")),
    ],
)
@pytest.mark.usefixtures("installed")
def test_the_end_of_the_next_window_is_told(secrets, secret, monkeypatch, rules, next_date):
    machines = SimpleNamespace(time=lambda: at("2026-11-25T10:30:00"))
    monkeypatch.setattr("localcloud.metrics.clock.time", machines)

    secrets.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=FUNCTION,
        RotationRules=rules,
        RotateImmediately=False,
    )

    assert secrets.describe_secret(SecretId=secret)["NextRotationDate"].timestamp() == next_date


@pytest.mark.usefixtures("installed")
def test_a_secret_is_rotated_when_its_window_opens(secrets, secret, function, monkeypatch):
    kept = need(secretsmanager, "_secrets")
    alone = {name: each for name, each in kept._data.items() if each["ARN"] == secret}
    monkeypatch.setattr(kept, "_data", alone)
    rules = {"AutomaticallyAfterDays": 30}
    secrets.rotate_secret(
        SecretId=secret, RotationLambdaARN=FUNCTION, RotationRules=rules, RotateImmediately=False
    )
    until(lambda: len(secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]) == 1)
    due = secrets.describe_secret(SecretId=secret)["NextRotationDate"].timestamp()

    rotation.rotate_due(due - 24 * 3600)
    before = secrets.get_secret_value(SecretId=secret)["SecretString"]
    rotation.rotate_due(due - 24 * 3600 + 1)

    until(lambda: secrets.get_secret_value(SecretId=secret)["SecretString"] == "new")
    assert before == "old"
    assert function.steps == ["testSecret", *rotation.STEPS]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, "embedded cloud does not evaluate cron"),
        (
            {"ScheduleExpression": "rate(1 day)", "AutomaticallyAfterDays": 1},
            "both AutomaticallyAfterDays and ScheduleExpression",
        ),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_schedule_that_is_not_followed_is_refused(secrets, secret, rules, why):
    with pytest.raises(secrets.exceptions.InvalidParameterException, match=why):
        secrets.rotate_secret(SecretId=secret, RotationLambdaARN=FUNCTION, RotationRules=rules)


@pytest.mark.usefixtures("installed")
def test_a_deployment_whose_schedule_is_not_followed_is_refused(emulator, patch, secret):
    patch(resources)
    schedule = {
        "SecretId": secret,
        "RotationLambdaARN": FUNCTION,
        "RotationRules": {"ScheduleExpression": "cron(0 8 1 * ? *)"},
    }

    refused = emulator.deploy(
        Schedule={"Type": "AWS::SecretsManager::RotationSchedule", "Properties": schedule}
    )

    assert refused.status.startswith("ROLLBACK")
