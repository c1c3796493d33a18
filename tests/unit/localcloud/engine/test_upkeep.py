"""What a cloud does by itself each day, on the emulator, with a clock that is put forward."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError
from ministack.services import dynamodb, secretsmanager

from localcloud.upkeep import DAY, Upkeep, next_rotation


@pytest.fixture
def upkeep(patch):
    """The upkeep of a cloud."""
    found: list[Upkeep] = []
    patch(SimpleNamespace(install=lambda cloud: found.append(Upkeep(cloud))))
    return found[0]


@pytest.fixture
def daily(upkeep):
    """Does the work of a day so many days from now."""

    def work(days):
        upkeep._clock.ahead = days * DAY
        upkeep.work()

    return work


@pytest.fixture
def s3(emulator):
    return emulator.client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket with versions, whose files expire after 90 days, replaced ones after 30."""
    name = f"b-{time.time_ns()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 90},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    off = rule | {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [rule, off]}
    )
    return name


def keys(s3, bucket):
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_files_expire_by_their_rule_and_prefix(daily, s3, bucket):
    for key in ("logs/1", "kept/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    daily(89)
    before = keys(s3, bucket)
    daily(90.01)

    assert before == ["kept/1", "logs/1"]
    assert keys(s3, bucket) == ["kept/1"]


def test_a_replaced_version_expires_and_its_successor_stays(daily, s3, bucket):
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="logs/1", Body=body)

    daily(30.01)

    [left] = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert left["IsLatest"]
    assert s3.get_object(Bucket=bucket, Key="logs/1")["Body"].read() == b"2"


def test_an_unfinished_upload_is_aborted(daily, s3, bucket):
    s3.create_multipart_upload(Bucket=bucket, Key="logs/1")

    daily(6)
    before = len(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))
    daily(7.01)

    assert before == 1
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_a_rule_by_tags_is_left_out_and_said(daily, s3, bucket, caplog):
    rule = {
        "ID": "tagged",
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "k", "Value": "v"}},
        "Expiration": {"Days": 1},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="1", Body=b"x")

    daily(2)

    assert keys(s3, bucket) == ["1"]
    assert "by tags or sizes is not followed" in caplog.text


def test_log_events_older_than_the_groups_retention_are_gone(daily, emulator):
    logs, now = emulator.client("logs"), int(time.time() * 1000)
    for name, days in (("/kept", None), ("/week", 7)):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        events = [{"timestamp": now - back * DAY * 1000, "message": str(back)} for back in (3, 0)]
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)

    daily(5)

    found = {
        name: [e["message"] for e in logs.filter_log_events(logGroupName=name)["events"]]
        for name in ("/kept", "/week")
    }
    assert found == {"/kept": ["3", "0"], "/week": ["0"]}


def test_a_secret_is_rotated_when_its_days_are_over(daily, emulator, monkeypatch):
    client = emulator.client("secretsmanager")
    arn = client.create_secret(Name=f"s-{time.time_ns()}", SecretString="x")["ARN"]
    secret = secretsmanager._resolve(arn)[1]
    rules = {"AutomaticallyAfterDays": 30}
    secret.update(RotationEnabled=True, RotationRules=rules, RotationSince=time.time())
    rotated: list[dict[str, str]] = []

    def rotate(data):
        rotated.append(data)
        return 200, {}, b"{}"

    monkeypatch.setattr(secretsmanager, "_rotate_secret", rotate)

    daily(29)
    before = len(rotated)
    daily(30.01)

    assert before == 0
    assert [each["SecretId"] for each in rotated] == [arn]


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ({"AutomaticallyAfterDays": 30}, 30),
        ({"ScheduleExpression": "rate(10 days)"}, 10),
        ({"ScheduleExpression": "rate(12 hours)"}, 0.5),
    ],
)
def test_the_next_rotation_is_counted_from_the_last(rules, days):
    secret = {"RotationEnabled": True, "RotationRules": rules, "LastRotatedDate": 1000}

    assert next_rotation(secret) == 1000 + days * DAY


@pytest.mark.parametrize(
    "secret",
    [
        {},
        {"RotationEnabled": True, "RotationRules": {"ScheduleExpression": "cron(0 8 * * ? *)"}},
        {"RotationEnabled": False, "RotationRules": {"AutomaticallyAfterDays": 1}},
    ],
)
def test_a_secret_without_a_schedule_that_is_followed_is_never_due(secret):
    assert next_rotation({"LastRotatedDate": 1000, **secret}) is None


@pytest.mark.usefixtures("daily")
def test_items_expire_by_the_clock_of_the_cloud(daily, emulator):
    table = emulator.client("dynamodb")
    name = f"t-{time.time_ns()}"
    table.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"}
    )
    ends = {"N": str(int(time.time()) + 3 * DAY)}
    table.put_item(TableName=name, Item={"id": {"S": "1"}, "ends": ends})

    daily(2)
    _reap()
    before = table.scan(TableName=name)["Count"]
    daily(4)
    _reap()

    assert (before, table.scan(TableName=name)["Count"]) == (1, 0)


class _OneTurn(Exception):
    """Ends the emulator's endless loop after one turn."""


def _reap():
    """Let the emulator look once for items whose time is over."""
    turns = iter([None])
    clocked = dynamodb.time

    def sleep(_seconds):
        if next(turns, _OneTurn) is _OneTurn:
            raise _OneTurn

    dynamodb.time = SimpleNamespace(time=clocked.time, sleep=sleep)
    try:
        dynamodb._ttl_reaper()
    except _OneTurn:
        pass
    finally:
        dynamodb.time = clocked


def test_the_work_is_done_once_a_day(upkeep, monkeypatch):
    halves = iter([0.5, 1.2, 1.9])
    worked: list[int] = []

    async def sleep(_seconds):
        now = next(halves) * DAY
        upkeep._clock.now = lambda: now

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(upkeep, "work", lambda: worked.append(1))
    upkeep._done = 0
    with pytest.raises(RuntimeError):  # the iterator's end
        asyncio.run(upkeep.watch())

    assert len(worked) == 1


def test_what_fails_does_not_keep_the_rest_from_being_done(upkeep, monkeypatch, caplog):
    def fail(_now):
        raise EndpointConnectionError(endpoint_url="https://127.0.0.1")

    done: list[float] = []
    monkeypatch.setattr(upkeep, "_rotate", fail)
    monkeypatch.setattr(upkeep, "_expire_objects", done.append)

    upkeep.work()

    assert len(done) == 1
    assert "daily upkeep was not done" in caplog.text
