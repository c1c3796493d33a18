"""Log streams: as the emulator keeps them, saved one by one, and what is forgotten."""

import json
import time
import uuid

import pytest
from ministack import app as ministack
from ministack.services import cloudwatch_logs, lambda_svc

from localcloud.engine.internals import need
from localcloud.engine.log_streams import LogStreams
from localcloud.engine.storage import Storage
from localcloud.growing import Growing
from localcloud.state import SERVICE, State

NOW = int(time.time() * 1000)
LOGS = frozenset({"cloudwatch_logs"})


@pytest.fixture
def group():
    """The name of a log group that is not there yet."""
    return f"g-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def logs(emulator, storage, group):
    """A client, once there is the group with a stream."""
    assert storage
    client = emulator.client("logs")
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="s")
    return client


def put(client, group, *messages, at=NOW, stream="s"):
    events = [{"timestamp": at, "message": each} for each in messages]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def invoked(group):
    """Let a function have logged."""
    function = {"config": {"FunctionName": "f", "LoggingConfig": {"LogGroup": group}}}
    need(lambda_svc, "_emit_lambda_logs")(function, "id", "said", False, 1)


def messages(client, group):
    return [e["message"] for e in client.filter_log_events(logGroupName=group)["events"]]


def saved(folder, group):
    """The streams of a group in the state file, with the messages of each."""
    lists = Growing("logs").restored(State(folder))
    found = {key[-1]: [each["message"] for each in of] for key, of, _ in lists if key[2] == group}
    return dict(sorted(found.items()))


def again(folder, monkeypatch):
    """The storage of the next process, with what was saved in place."""
    for name in ("_log_groups", "_log_records"):
        monkeypatch.setattr(need(cloudwatch_logs, name), "_data", {})
    following = Storage(folder)
    need(cloudwatch_logs, "load_persisted_state")(need(ministack, "load_state")("cloudwatch_logs"))
    return following


class Written:
    """Stands in for the state file."""

    def __init__(self):
        self.rows = {}

    def save(self, rows):
        self.rows = rows


def written(storage, monkeypatch):
    """The streams of which the next save of the logs writes something."""
    monkeypatch.setattr(storage, "_state", file := Written())
    storage.save(LOGS)
    return {json.loads(key)[3] for part, key in file.rows if part == "logs"}


def test_the_original_keeps_events_within_its_state(emulator, group):
    client = emulator.client("logs")
    client.create_log_group(logGroupName=group)
    for _ in range(2):
        invoked(group)

    [kept] = [
        found
        for found in need(cloudwatch_logs, "get_state")()["log_groups"].all_values()
        if f":{group}:" in found["arn"]
    ]

    assert len(kept["streams"]) == 2
    assert all(stream["events"] for stream in kept["streams"].values())


def test_a_stream_is_saved_with_its_events(logs, storage, group, tmp_path):
    put(logs, group, "a", "b")

    storage.save(LOGS)

    assert saved(tmp_path / "state", group) == {"s": ["a", "b"]}


def test_a_stream_alone_that_changed_is_saved_again(logs, storage, group, monkeypatch):
    logs.create_log_stream(logGroupName=group, logStreamName="t")
    put(logs, group, "a")
    storage.save(LOGS)
    put(logs, group, "b", stream="t")

    assert written(storage, monkeypatch) == {"t"}


def test_the_services_own_state_does_not_grow_with_events(logs, storage, group, tmp_path):
    storage.save()
    before = State(tmp_path / "state").value(SERVICE, "cloudwatch_logs")
    put(logs, group, "a")
    invoked(group)

    storage.save()

    assert State(tmp_path / "state").value(SERVICE, "cloudwatch_logs") == before


def test_events_and_streams_are_there_for_the_next_process(
    logs, storage, group, tmp_path, monkeypatch
):
    logs.create_log_stream(logGroupName=group, logStreamName="empty")
    put(logs, group, "late")
    put(logs, group, "early", "early too", at=NOW - 5000)
    storage.save()
    told = logs.describe_log_streams(logGroupName=group)["logStreams"]

    again(tmp_path / "state", monkeypatch)

    assert messages(logs, group) == ["early", "early too", "late"]
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == told


def test_what_the_next_process_was_given_is_not_written_again(
    logs, storage, group, tmp_path, monkeypatch
):
    put(logs, group, "a")
    storage.save()

    following = again(tmp_path / "state", monkeypatch)

    assert not written(following, monkeypatch)


def test_events_saved_when_all_was_one_state_are_saved_by_themselves(
    logs, storage, group, tmp_path, monkeypatch
):
    put(logs, group, "old")
    monkeypatch.setattr(LogStreams, "take_out", lambda *_: None)
    monkeypatch.setattr(LogStreams, "changed", lambda _: ())
    storage.save(LOGS)
    monkeypatch.undo()

    again(tmp_path / "state", monkeypatch).save(LOGS)

    assert messages(logs, group) == ["old"]
    assert saved(tmp_path / "state", group) == {"s": ["old"]}


def test_a_save_that_failed_is_made_up_for(logs, storage, group, tmp_path, monkeypatch):
    put(logs, group, "a")
    storage.save()
    put(logs, group, "b")
    state = need(storage, "_state")
    monkeypatch.setattr(storage, "_state", None)
    with pytest.raises(AttributeError):
        storage.save()
    monkeypatch.setattr(storage, "_state", state)
    storage.save(frozenset())  # of no logs

    storage.save(LOGS)

    assert saved(tmp_path / "state", group) == {"s": ["a", "b"]}


def test_a_deleted_stream_goes_with_its_events(logs, storage, group, tmp_path):
    logs.create_log_stream(logGroupName=group, logStreamName="t")
    put(logs, group, "a", stream="t")
    storage.save()

    logs.delete_log_stream(logGroupName=group, logStreamName="t")
    storage.save(LOGS)

    assert saved(tmp_path / "state", group) == {"s": []}


def test_a_group_made_again_has_nothing_of_the_one_before(logs, storage, group, tmp_path):
    put(logs, group, "a")
    storage.save()

    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    storage.save(LOGS)

    assert not saved(tmp_path / "state", group)


def test_an_event_is_a_record_again_once_a_query_found_it(
    logs, storage, group, tmp_path, monkeypatch
):
    put(logs, group, "a")
    [event] = logs.filter_log_events(logGroupName=group)["events"]
    storage.save()
    again(tmp_path / "state", monkeypatch)
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.get_log_record(logRecordPointer=event["eventId"])
    second = NOW // 1000
    logs.start_query(
        logGroupName=group, startTime=second, endTime=second + 60, queryString="fields @message"
    )

    record = logs.get_log_record(logRecordPointer=event["eventId"])["logRecord"]

    assert record["@message"] == "a"


def test_a_group_keeps_its_newest_events(logs, storage, group, tmp_path):
    for number in range(6):
        put(logs, group, *[f"{number}"] * 2_000, at=NOW + number)

    storage.save()

    assert set(messages(logs, group)) == set("12345")
    assert set(saved(tmp_path / "state", group)["s"]) == set("12345")


def test_a_forgotten_event_is_no_record_either(logs, storage, group):
    put(logs, group, "first", at=NOW - 1)
    [first] = logs.filter_log_events(logGroupName=group)["events"]
    assert logs.get_log_record(logRecordPointer=first["eventId"])
    put(logs, group, *["more"] * 6_000)
    put(logs, group, *["more"] * 6_000)

    storage.save()

    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.get_log_record(logRecordPointer=first["eventId"])


def test_an_invocations_stream_goes_with_its_last_event(logs, storage, group, tmp_path):
    put(logs, group, "a")
    invoked(group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    storage.save()
    before = saved(tmp_path / "state", group)

    list(storage.logs.expire(NOW / 1000 + 2 * 24 * 3600))
    storage.save(LOGS)

    assert len(before) == 2
    assert saved(tmp_path / "state", group) == {"s": []}  # PutLogEvents has written to it
