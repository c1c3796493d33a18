"""What becomes due as the drill's clock goes on."""

import asyncio
import time
import uuid

import pytest
from ministack.services import dynamodb

from localcloud.cloud import Cloud
from localcloud.engine import rotation
from localcloud.engine.internals import need
from localcloud.engine.log_streams import LogStreams
from localcloud.upkeep import Upkeep
from tests import clock
from tests.unit.localcloud.engine.conftest import emulator, patch

__all__ = ["emulator", "patch"]

DAY = 24 * 3600


@pytest.fixture
def later(patch, tmp_path):
    """Puts the clock forward by some days, and does what is due then."""
    patch(rotation)
    kept = Upkeep(Cloud(home=tmp_path, port=1, front_port=2), LogStreams())

    def pass_days(days):
        clock.advance(tmp_path, days * DAY)
        need(kept, "_clock").read()
        for _ in kept.do_due(need(kept, "_clock").now()):
            pass

    return pass_days


@pytest.fixture
def bucket(emulator):
    name = f"b-{uuid.uuid4().hex[:8]}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


def rule(client, bucket, status="Enabled", **said):
    rules = [{"ID": "rule", "Status": status, "Filter": {"Prefix": ""}, **said}]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )


def keys(client, bucket):
    return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def versions(client, bucket):
    return client.list_object_versions(Bucket=bucket).get("Versions", [])


def test_an_object_expires_after_its_days(emulator, bucket, later):
    client = emulator.client("s3")
    rule(client, bucket, Expiration={"Days": 3}, Filter={"Prefix": "old/"})
    for key in ("old/a", "new"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")

    later(2)
    before = keys(client, bucket)
    later(2)

    assert before == ["new", "old/a"]
    assert keys(client, bucket) == ["new"]


def test_a_rule_that_is_off_does_nothing(emulator, bucket, later):
    client = emulator.client("s3")
    rule(client, bucket, "Disabled", Expiration={"Days": 3})
    client.put_object(Bucket=bucket, Key="a", Body=b"x")

    later(9)

    assert keys(client, bucket) == ["a"]


def test_only_an_object_with_the_tag_expires(emulator, bucket, later):
    client = emulator.client("s3")
    rule(client, bucket, Expiration={"Days": 3}, Filter={"Tag": {"Key": "k", "Value": "v"}})
    client.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging="k=v")
    client.put_object(Bucket=bucket, Key="b", Body=b"x", Tagging="k=w")

    later(9)

    assert keys(client, bucket) == ["b"]


def test_where_versions_are_kept_an_object_is_hidden_first_and_deleted_later(
    emulator, bucket, later
):
    client = emulator.client("s3")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule(
        client,
        bucket,
        Expiration={"Days": 3},
        NoncurrentVersionExpiration={"NoncurrentDays": 5},
    )
    client.put_object(Bucket=bucket, Key="a", Body=b"x")

    later(4)
    hidden = keys(client, bucket), len(versions(client, bucket))
    later(4)
    still = len(versions(client, bucket))
    later(3)

    assert hidden == ([], 1)
    assert (still, len(versions(client, bucket))) == (1, 0)


def test_the_newest_of_the_replaced_versions_are_kept(emulator, bucket, later):
    client = emulator.client("s3")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    expiry = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}
    rule(client, bucket, NoncurrentVersionExpiration=expiry)
    made = [client.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"] for _ in range(3)]

    later(9)

    assert {each["VersionId"] for each in versions(client, bucket)} == set(made[1:])


def test_a_locked_version_outlives_its_lifecycle(emulator, later):
    client = emulator.client("s3")
    bucket = f"b-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    rule(client, bucket, NoncurrentVersionExpiration={"NoncurrentDays": 1})
    client.put_object(
        Bucket=bucket,
        Key="a",
        Body=b"x",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=time.time() + 20 * DAY,
    )
    client.delete_object(Bucket=bucket, Key="a")

    later(9)
    locked = len(versions(client, bucket))
    later(15)

    assert (locked, len(versions(client, bucket))) == (1, 0)


def test_an_upload_that_is_not_completed_is_aborted(emulator, bucket, later):
    client = emulator.client("s3")
    rule(client, bucket, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})
    client.create_multipart_upload(Bucket=bucket, Key="a")

    later(6)
    before = len(client.list_multipart_uploads(Bucket=bucket)["Uploads"])
    later(2)

    assert before == 1
    assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_an_event_beyond_its_groups_retention_is_gone(emulator, later):
    client = emulator.client("logs")
    groups = {f"g-{uuid.uuid4().hex[:8]}": days for days in (7, None)}
    for group, days in groups.items():
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName="s")
        event = {"timestamp": int(time.time() * 1000), "message": "m"}
        client.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
        if days:
            client.put_retention_policy(logGroupName=group, retentionInDays=days)

    def events():
        found = [client.filter_log_events(logGroupName=group)["events"] for group in groups]
        return [len(each) for each in found]

    later(6)
    before = events()
    later(2)

    assert before == [1, 1]
    assert events() == [0, 1]


class SweptError(Exception):
    """Ends the emulator's endless loop."""


def test_an_item_that_has_expired_is_deleted(emulator, later, monkeypatch):
    client = emulator.client("dynamodb")
    table = f"t-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    for key, days in (("soon", 3), ("late", 30)):
        until = {"N": str(int(time.time()) + days * DAY)}
        client.put_item(TableName=table, Item={"id": {"S": key}, "until": until})
    slept = iter([None])

    def sleep(_):
        if next(slept, SweptError) is SweptError:
            raise SweptError

    later(5)
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(SweptError):
        need(dynamodb, "_ttl_reaper")()

    assert [each["id"]["S"] for each in client.scan(TableName=table)["Items"]] == ["late"]


def test_what_is_due_is_done_once_a_minute(patch, tmp_path, monkeypatch):
    patch(rotation)
    kept = Upkeep(Cloud(home=tmp_path, port=1, front_port=2), LogStreams())
    done = []

    def due(now):
        done.append(now)
        yield

    monkeypatch.setattr(kept, "do_due", due)
    for seconds in (59, 2, 58, 3):
        clock.advance(tmp_path, seconds)
        asyncio.run(kept.turn())

    assert len(done) == 2
