"""The store's database and its user's secret."""

import json

import pytest

from tests.unit.synthesized import SynthesizedStack


def test_the_database_is_a_patched_postgres_and_watched(stack: SynthesizedStack) -> None:
    database = stack.properties("AWS::RDS::DBInstance")

    assert database["Engine"] == "postgres"
    assert database["EngineVersion"].startswith("15.")
    assert int(database["EngineVersion"].split(".")[1]) >= 17
    assert database["Port"] == "5433"
    assert database["AutoMinorVersionUpgrade"] is True
    assert database["MonitoringInterval"] == 60


def test_the_database_is_large_and_doubled_only_where_its_data_is_kept(
    store: SynthesizedStack, qa: SynthesizedStack
) -> None:
    kept = qa.other("EcommerceStack")

    for stack, size, zones, days in (
        (store, "db.t4g.micro", False, 1),
        (kept, "db.t4g.small", True, 7),
    ):
        database = stack.properties("AWS::RDS::DBInstance")
        assert database["DBInstanceClass"] == size
        assert database["MultiAZ"] is zones
        assert database["BackupRetentionPeriod"] == days
        assert database["DeleteAutomatedBackups"] is not zones


def test_a_size_that_was_asked_for_goes_before_the_environments(
    store_prod: SynthesizedStack,
) -> None:
    assert store_prod.properties("AWS::RDS::DBInstance")["DBInstanceClass"] == "db.m7g.large"


def test_the_masters_password_is_made_and_kept_by_rds(stack: SynthesizedStack) -> None:
    database = stack.properties("AWS::RDS::DBInstance")

    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database


# What each parameter of the database must be, by what it is for.
PARAMETERS = {
    "connections come with TLS and salted passwords only": {
        "rds.force_ssl": "1",
        "password_encryption": "scram-sha-256",
        "rds.accepted_password_auth_method": "scram",
    },
    "statements are logged when they change the schema, never because they order": {
        "log_statement": "ddl",
    },
    "statements are logged without the values of an order, failed ones too": {
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
    },
    "what is slow, waits or sorts on disk is told": {
        "log_min_duration_statement": "500",
        "log_lock_waits": "1",
        "log_temp_files": "10240",
    },
    "who came and when is told": {"log_connections": "1", "log_disconnections": "1"},
    "a frozen function gives its locks back": {"idle_in_transaction_session_timeout": "10000"},
    "a sandbox that vanished is noticed within two minutes": {
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "15",
        "tcp_keepalives_count": "4",
    },
    "each sandbox of the functions gets a connection": {"max_connections": "200"},
}


@pytest.mark.parametrize("purpose", PARAMETERS)
def test_of_the_database(purpose: str, stack: SynthesizedStack) -> None:
    group = stack.properties("AWS::RDS::DBParameterGroup")

    assert group["Family"] == "postgres15"
    assert PARAMETERS[purpose].items() <= group["Parameters"].items()


def test_no_parameter_of_the_database_is_without_a_purpose(stack: SynthesizedStack) -> None:
    named = [name for parameters in PARAMETERS.values() for name in parameters]

    assert sorted(named) == sorted(stack.properties("AWS::RDS::DBParameterGroup")["Parameters"])


def test_the_log_groups_are_made_before_rds_would_make_open_ones(stack: SynthesizedStack) -> None:
    instance = stack.template["Resources"][stack.id_of("Database/Instance")]
    groups = stack.all("AWS::Logs::LogGroup")
    before = {
        groups[name]["Properties"].get("LogGroupName")
        for name in instance["DependsOn"]
        if name in groups
    }

    assert before == {
        f"/aws/rds/instance/tap-store-{stack.suffix}/{name}"
        for name in instance["Properties"]["EnableCloudwatchLogsExports"]
    }


def test_the_stores_secret_says_where_the_database_is_and_rotates_only_later(
    stack: SynthesizedStack,
) -> None:
    secret = stack.at("Database/User/Secret")
    attachment = stack.properties("AWS::SecretsManager::SecretTargetAttachment")
    (schedule,) = stack.all("AWS::SecretsManager::RotationSchedule").values()
    (attached,) = stack.all("AWS::SecretsManager::SecretTargetAttachment")

    assert json.loads(secret["GenerateSecretString"]["SecretStringTemplate"]) == {
        "username": "store"
    }
    assert attachment["TargetType"] == "AWS::RDS::DBInstance"
    assert attachment["TargetId"] == stack.ref("Database/Instance")
    assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False
    assert attached in schedule["DependsOn"]
