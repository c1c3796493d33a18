"""RDS instances of templates: the emulator's, and ours."""

import json

import pytest

from localcloud import postgres
from localcloud.engine import databases

INSTANCE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.micro",
        "DBName": "shop",
        "MasterUsername": "master",
        "ManageMasterUserPassword": True,
    },
}


@pytest.fixture
def given(monkeypatch):
    """The databases that PostgreSQL was asked for."""
    asked: list[dict[str, str]] = []
    monkeypatch.setattr(postgres, "give", lambda _cloud, **wanted: asked.append(wanted))
    return asked


def instance_of(emulator):
    """A deployed instance as RDS describes it, and its stack."""
    stack = emulator.deploy(Database=INSTANCE)
    identifier = stack.ids["Database"]
    found = emulator.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
    return found["DBInstances"][0], stack


def secrets_of(emulator, identifier):
    """The ids of the secrets that RDS keeps for an instance."""
    found = emulator.client("secretsmanager").list_secrets()["SecretList"]
    return [each["ARN"] for each in found if each["Name"].startswith(f"rds!{identifier}-")]


def test_the_original_has_an_instance_without_a_master_secret(emulator, given):
    found, _ = instance_of(emulator)

    assert not secrets_of(emulator, found["DBInstanceIdentifier"])
    assert not given


def test_an_instance_answers_where_postgresql_does(emulator, patch, given):
    cloud = patch(databases)

    found, _ = instance_of(emulator)

    assert found["Endpoint"]["Address"] == "127.0.0.1"
    assert found["Endpoint"]["Port"] == cloud.database_port
    assert [(each["user"], each["database"]) for each in given] == [("master", "shop")]


def test_the_managed_password_is_in_the_masters_secret(emulator, patch, given):
    patch(databases)

    found, _ = instance_of(emulator)

    [secret_id] = secrets_of(emulator, found["DBInstanceIdentifier"])
    secret = emulator.client("secretsmanager").get_secret_value(SecretId=secret_id)
    [asked] = given
    wanted = {"username": "master", "password": asked["password"]}
    assert json.loads(secret["SecretString"]) == wanted


def test_the_masters_secret_goes_with_the_instance(emulator, patch, given):
    patch(databases)
    found, stack = instance_of(emulator)

    emulator.delete(stack.name)

    assert len(given) == 1
    assert not secrets_of(emulator, found["DBInstanceIdentifier"])
