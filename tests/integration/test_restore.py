"""What is kept is really restored: tables, the database and object versions, into copies that go.

Each kind is restored once as it is, and once with a difference that is planted in the copy.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError

from cli import project
from cli.commands import restore
from localcloud import postgres
from localcloud.cloud import Cloud
from tests.deployment import Deployment, command, environment
from tests.partner import eventually
from tools import restore as tool
from tools.restore.drill import PREFIX

pytestmark = pytest.mark.embedded

Plant = Callable[[Deployment, str], None]


@pytest.fixture(scope="module", autouse=True)
def kept(deployment: Deployment) -> Iterator[str]:
    """An item, an overwritten and a deleted object that are there to be restored."""
    table, bucket = deployment.outputs["DynamoDBTableName"], deployment.outputs["S3BucketName"]
    dynamodb, s3 = deployment.client("dynamodb"), deployment.client("s3")
    name = "restored-by-the-drill"
    dynamodb.put_item(TableName=table, Item={"id": {"S": name}, "tags": {"SS": ["b", "a"]}})
    for text in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key=name, Body=text)
    s3.delete_object(Bucket=bucket, Key=name)
    yield name
    dynamodb.delete_item(TableName=table, Key={"id": {"S": name}})


def left(deployment: Deployment) -> list[str]:
    """What of a drill is still there, in the cloud and in its folder."""
    assert deployment.home
    rds = deployment.client("rds").describe_db_instances()["DBInstances"]
    names = [
        *deployment.client("dynamodb").list_tables()["TableNames"],
        *(each["DBInstanceIdentifier"] for each in rds),
        *(each["Name"] for each in deployment.client("s3").list_buckets()["Buckets"]),
        *(path.name for path in (deployment.home / "restored").glob("*")),
    ]
    return [name for name in names if name.startswith(PREFIX)]


def test_all_that_is_kept_is_restored_equal_and_the_copies_are_removed(
    deployment: Deployment,
) -> None:
    said = deployment.tap("restore", "--drill", "--json")

    rows = json.loads(said.stdout)
    restored = {row["what"]: row["restored"] for row in rows}
    assert {row["verdict"] for row in rows} == {"equal"}
    assert {row["kind"] for row in rows} == {"table", "database", "bucket"}
    assert restored[deployment.outputs["DynamoDBTableName"]] >= 1
    assert restored[deployment.outputs["S3BucketName"]] >= 2
    assert max(row["restored"] for row in rows if row["kind"] == "database") >= 8
    assert said.stderr.count(": met") == 2
    assert left(deployment) == []


def test_ctrl_c_leaves_no_copy(deployment: Deployment) -> None:
    assert deployment.home
    running = subprocess.Popen(
        command(deployment.home, "restore", "--drill"),
        cwd=project.ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with running:
        eventually(lambda: left(deployment), bool)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)

    assert running.returncode == 1
    assert "interrupted; the copies that the drill had made are removed" in said
    assert left(deployment) == []


def _lose_an_item(deployment: Deployment, copy: str) -> None:
    key = {"id": {"S": "restored-by-the-drill"}}
    deployment.client("dynamodb").delete_item(TableName=copy, Key=key)


def _change_a_row(deployment: Deployment, copy: str) -> None:
    cloud = Cloud.load(deployment.home or Path())
    assert cloud
    found = deployment.client("rds").describe_db_instances(DBInstanceIdentifier=copy)
    port = found["DBInstances"][0]["Endpoint"]["Port"]
    with closing(postgres.connect(replace(cloud, database_port=port), "store")) as connection:
        connection.run("UPDATE store.products SET shelf = shelf + 1 WHERE sku = 'LAMP'")


def _change_an_object(deployment: Deployment, copy: str) -> None:
    s3 = deployment.client("s3")
    key = s3.list_objects_v2(Bucket=copy)["Contents"][0]["Key"]
    s3.put_object(Bucket=copy, Key=key, Body=b"planted")


@pytest.mark.parametrize(
    ("kind", "plant"),
    [("table", _lose_an_item), ("database", _change_a_row), ("bucket", _change_an_object)],
    ids=["an item is lost", "a row is changed", "an object is changed"],
)
def test_a_difference_in_one_copy_is_told_and_the_command_fails(
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    plant: Plant,
) -> None:
    every = tool.kept

    def planted(site: Any) -> Iterator[Any]:
        for each in every(site):
            if each.kind == kind and each.name in (*deployment.outputs.values(), *instances):
                read: Any = each.read_copy

                def read_planted(copy: str, read: Any = read, own: str = each.name) -> Any:
                    if copy != own:
                        plant(deployment, copy)
                    return read(copy)

                monkeypatch.setattr(each, "read_copy", read_planted)
                yield each

    found = deployment.client("rds").describe_db_instances()["DBInstances"]
    instances = [each["DBInstanceIdentifier"] for each in found]
    monkeypatch.setattr(tool, "kept", planted)

    with pytest.raises(typer.Exit) as ended:
        restore.restore(drill=True, as_json=True, home=deployment.home)

    [row] = json.loads(capsys.readouterr().out)
    assert ended.value.exit_code == 1
    assert row["verdict"] == "different"
    assert left(deployment) == []


def test_a_table_whose_point_in_time_recovery_is_off_is_not_restored(
    deployment: Deployment,
) -> None:
    dynamodb, name = deployment.client("dynamodb"), f"unrecoverable-{time.time_ns()}"
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    asked = {"TargetTableName": f"{name}-copy", "UseLatestRestorableTime": True}

    with pytest.raises(ClientError, match="PointInTimeRecoveryUnavailableException"):
        dynamodb.restore_table_to_point_in_time(SourceTableName=name, **asked)
    kept_one = deployment.outputs["DynamoDBTableName"]
    dynamodb.restore_table_to_point_in_time(SourceTableName=kept_one, **asked)

    dynamodb.delete_table(TableName=name)
    dynamodb.delete_table(TableName=f"{name}-copy")


def test_a_restored_database_outlives_a_restart_and_does_not_follow_its_source(
    deployment: Deployment,
) -> None:
    assert deployment.home
    rds, copy = deployment.client("rds"), f"restored-{time.time_ns()}"
    source = rds.describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"]
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=source,
        TargetDBInstanceIdentifier=copy,
        UseLatestRestorableTime=True,
    )
    made = rds.get_waiter("db_instance_available")
    made.wait(DBInstanceIdentifier=copy, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    port = rds.describe_db_instances(DBInstanceIdentifier=copy)["DBInstances"][0]["Endpoint"][
        "Port"
    ]
    cloud, name = Cloud.load(deployment.home), f"t{time.time_ns()}"
    assert cloud
    with closing(postgres.connect(cloud, "store")) as in_the_source:
        in_the_source.run(f"CREATE TABLE {name} ()")

        server = postgres.server(cloud.home / "restored" / copy)
        assert server
        server.kill()  # the server that serves the API has started it, and would have to reap it
        (cloud.home / "restored" / copy / "postgres" / "postmaster.pid").unlink()
        postgres.start(cloud)

        there = "SELECT to_regclass(:name)"
        with closing(postgres.connect(replace(cloud, database_port=port), "store")) as in_the_copy:
            assert in_the_copy.run(there, name=name) == [[None]]
        assert in_the_source.run(there, name=name) == [[name]]
        in_the_source.run(f"DROP TABLE {name}")
    rds.delete_db_instance(DBInstanceIdentifier=copy, SkipFinalSnapshot=True)
