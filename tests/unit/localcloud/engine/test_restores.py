"""Restores of a database to a point in time: the emulator's, and ours.

Those of tables are in `test_restored_tables.py`.
"""

import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from localcloud import postgres
from localcloud.engine import databases, restores
from localcloud.errors import CloudError

GROUP = "sg-0a1b2c3d"


@pytest.fixture
def instances(emulator):
    return emulator.client("rds")


@pytest.fixture
def copy():
    """A name that no instance has."""
    return f"copy-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def servers(monkeypatch):
    """The copies that PostgreSQL was asked for; each is made when `go` is set."""
    made: dict[str, int] = {}
    go = threading.Event()
    go.set()

    def copied(cloud, name, port):
        go.wait(10)
        if "broken" in name:
            raise CloudError("the disk is full")
        (cloud.home / "restored" / name).mkdir(parents=True)
        made[name] = port

    monkeypatch.setattr(postgres, "give", lambda *_, **__: None)
    monkeypatch.setattr(postgres, "copy", copied)
    made_with = type("Servers", (), {"made": made, "go": go})
    yield made_with
    go.set()


def source(emulator, *, days=7):
    """The identifier of a deployed instance whose backups are kept for so many days."""
    properties = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.micro",
        "DBName": "shop",
        "MasterUsername": "master",
        "ManageMasterUserPassword": True,
        "BackupRetentionPeriod": days,
    }
    stack = emulator.deploy(Db={"Type": "AWS::RDS::DBInstance", "Properties": properties})
    return stack.ids["Db"]


def restore(instances, of, copy, **moment):
    """Ask for a copy, and return what RDS says of it at once."""
    return instances.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=of,
        TargetDBInstanceIdentifier=copy,
        VpcSecurityGroupIds=[GROUP],
        **(moment or {"UseLatestRestorableTime": True}),
    )["DBInstance"]


def settled(instances, copy):
    """A copy once it is no longer being created."""
    for _ in range(500):
        found = instances.describe_db_instances(DBInstanceIdentifier=copy)["DBInstances"][0]
        if found["DBInstanceStatus"] != "creating":
            return found
        time.sleep(0.02)
    raise AssertionError("it is still being created")


def code(call, *given, **named):
    with pytest.raises(ClientError) as refused:
        call(*given, **named)
    return refused.value.response["Error"]["Code"]


def test_the_original_has_no_such_operation(emulator, instances, servers, copy):
    assert code(restore, instances, source(emulator), copy) == "InvalidAction"
    assert not servers.made


def test_a_copy_is_created_behind_a_server_of_its_own(emulator, instances, patch, servers, copy):
    cloud = patch(databases)
    patch(restores)
    servers.go.clear()
    of = source(emulator)

    at_once = restore(instances, of, copy)
    servers.go.set()
    found = settled(instances, copy)

    assert at_once["DBInstanceStatus"] == "creating"
    assert found["DBInstanceStatus"] == "available"
    assert found["Endpoint"]["Port"] == servers.made[copy] != cloud.database_port
    assert found["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == GROUP
    assert "MasterUserSecret" not in found


def test_a_copy_is_deleted_with_its_server_and_not_before_it_is_made(
    emulator, instances, patch, servers, copy
):
    cloud = patch(databases)
    patch(restores)
    servers.go.clear()
    restore(instances, source(emulator), copy)
    deletion = {"DBInstanceIdentifier": copy, "SkipFinalSnapshot": True}

    early = code(instances.delete_db_instance, **deletion)
    servers.go.set()
    settled(instances, copy)
    instances.delete_db_instance(**deletion)

    assert early == "InvalidDBInstanceState"
    assert code(settled, instances, copy) == "DBInstanceNotFound"
    assert not (cloud.home / "restored" / copy).exists()


def test_a_copy_that_cannot_be_made_says_so(emulator, instances, patch, servers, copy):
    patch(databases)
    patch(restores)

    broken = f"broken-{copy}"

    restore(instances, source(emulator), broken)

    assert settled(instances, broken)["DBInstanceStatus"] == "incompatible-restore"
    assert not servers.made


@pytest.mark.parametrize(
    ("days", "of", "taken", "moment", "refused"),
    [
        (0, None, False, {}, "PointInTimeRestoreNotEnabled"),
        (7, "nobody", False, {}, "DBInstanceNotFound"),
        (7, None, True, {}, "DBInstanceAlreadyExists"),
        (7, None, False, {"RestoreTime": "2026-01-01T00:00:00Z"}, "InvalidParameterValue"),
    ],
    ids=["no backups", "no source", "a name that is taken", "a moment that is not kept"],
)
def test_what_aws_refuses_is_refused(
    emulator, instances, patch, servers, copy, days, of, taken, moment, refused
):
    patch(databases)
    patch(restores)
    made = source(emulator, days=days)

    assert code(restore, instances, of or made, made if taken else copy, **moment) == refused
    assert not servers.made


def test_the_latest_restorable_moment_is_now(emulator, instances, patch, servers):
    patch(databases)
    patch(restores)
    made = source(emulator)
    before = settled(instances, made)["LatestRestorableTime"]
    time.sleep(1.1)

    assert settled(instances, made)["LatestRestorableTime"] > before
    assert not servers.made
