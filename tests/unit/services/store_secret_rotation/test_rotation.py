"""Rotation of the store's password: in the database first, then in the secret."""

import re
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError

from services.shared.rotation import RotationRefused
from services.store_secret_rotation import handler
from services.store_secret_rotation.rotation import DatabaseUserRotation
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET
from tests.unit.services.fakes.store_api import NEW, OLD, Server, StoreSecret, refused, secret_value

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


@pytest.fixture
def secrets() -> StoreSecret:
    secrets = StoreSecret()
    secrets.stages["AWSPENDING"] = "v2"
    return secrets


@pytest.fixture
def server() -> Server:
    """A server whose user has the new password as soon as a statement gives it one."""
    ours = Server()

    def answer(sql: str, **_: Any) -> Any:
        if sql.startswith("ALTER ROLE"):
            ours.password = NEW
        return []

    ours.answer = answer
    return ours


def run(secrets: StoreSecret, server: Server, *steps: str) -> None:
    rotation = DatabaseUserRotation(secrets, SECRET, server.connect)
    for step in steps:
        rotation.run(step=step, secret_id=SECRET, token="v2")


@pytest.mark.parametrize("times", [1, 2])
def test_the_four_steps_change_the_password_there_and_here_however_often_each_runs(
    secrets: StoreSecret, server: Server, times: int
) -> None:
    run(secrets, server, *[step for step in STEPS for _ in range(times)])

    assert server.password == NEW
    assert secrets.stages["AWSCURRENT"] == "v2"
    assert secrets.values["v2"] == secret_value(NEW)
    assert server.open == 0


def test_the_server_never_sees_the_password(secrets: StoreSecret, server: Server) -> None:
    run(secrets, server, *STEPS)

    [statement] = [sql for sql in server.statements if sql.startswith("ALTER")]
    assert re.match(r"ALTER ROLE \"store\" PASSWORD 'SCRAM-SHA-256\$4096:", statement)
    assert NEW not in statement
    assert OLD not in statement


def test_a_password_that_the_database_does_not_take_never_becomes_current(
    secrets: StoreSecret, server: Server
) -> None:
    run(secrets, server, "createSecret")

    with pytest.raises(DatabaseError):
        run(secrets, server, "testSecret")
    assert secrets.stages["AWSCURRENT"] == "v1"


@pytest.mark.parametrize("value", [None, secret_value(OLD)])
@pytest.mark.parametrize("database_password", [OLD, "of a user that is not there"])
def test_secrets_managers_own_test_passes_before_the_database_has_its_user(
    secrets: StoreSecret, server: Server, value: Any, database_password: str
) -> None:
    if value:
        secrets.values["v2"] = value
    server.password = database_password

    run(secrets, server, "testSecret")

    assert server.attempts == [OLD]
    assert server.open == 0
    assert secrets.stages == {"AWSCURRENT": "v1", "AWSPENDING": "v2"}


@pytest.mark.parametrize("failure", [refused("08006"), refused("3D000"), OSError("unreachable")])
def test_a_database_that_cannot_be_reached_fails_the_test_of_the_setup(
    secrets: StoreSecret, failure: Exception
) -> None:
    def connect(_: Any) -> Any:
        raise failure

    rotation = DatabaseUserRotation(secrets, SECRET, connect)

    with pytest.raises(type(failure)):
        rotation.run(step="testSecret", secret_id=SECRET, token="v2")


@pytest.mark.parametrize("changed", [{"host": "elsewhere"}, {"username": "postgres"}])
def test_a_version_that_changes_more_than_the_password_is_refused_before_the_database_hears_of_it(
    secrets: StoreSecret, server: Server, changed: Any
) -> None:
    secrets.values["v2"] = secret_value(NEW) | changed

    with pytest.raises(RotationRefused):
        run(secrets, server, "setSecret")
    assert server.attempts == []


def test_secrets_manager_is_told_of_a_failed_step(
    secrets: StoreSecret, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotation = DatabaseUserRotation(secrets, SECRET, server.connect)
    fakes.give(monkeypatch, handler, rotation)
    event = {"SecretId": SECRET, "ClientRequestToken": "v2"}

    handler.lambda_handler({**event, "Step": "createSecret"}, None)
    with pytest.raises(DatabaseError):
        handler.lambda_handler({**event, "Step": "testSecret"}, None)
