"""The audit writer: every record of a batch in the trail, and the others told one by one."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit_writer import handler
from services.audit_writer.trail import BucketTrail, key_of
from services.shared import aws
from services.shared.audit.record import AuditRecord, read_record
from services.shared.ids import new_id
from tests.unit.services import fakes
from tests.unit.services.environment import LOGS
from tests.unit.services.shared.audit.test_record import RECORD


def message(message_id: str, **fields: Any) -> Any:
    body = json.dumps(RECORD | {"record_id": new_id()} | fields)
    return {"messageId": message_id, "body": body}


def one() -> dict[str, AuditRecord]:
    """A record, by its id."""
    record = read_record(message("a")["body"])
    return {record.record_id: record}


class Bucket:
    """An S3 client of one bucket, which keeps what is under a name that was free."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failure: Exception | None = None

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803  AWS's names
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        ContentType: str,  # noqa: N803
        IfNoneMatch: str,  # noqa: N803
    ) -> None:
        assert (Bucket, ContentType, IfNoneMatch) == (LOGS, "application/x-ndjson", "*")
        if self.failure:
            raise self.failure
        if Key in self.objects:
            raise fakes.client_error("PreconditionFailed", 412)
        self.objects[Key] = Body

    def records(self) -> list[Any]:
        """Every line of every object."""
        return [json.loads(line) for body in self.objects.values() for line in body.splitlines()]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    bucket = Bucket()
    fakes.give(monkeypatch, handler, BucketTrail(bucket, LOGS))
    return bucket


def deliver(*messages: Any) -> list[str]:
    """The ids of the messages that the function says have failed."""
    answer = handler.lambda_handler({"Records": list(messages)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_is_one_object_for_each_day_with_a_line_for_each_record(bucket: Bucket) -> None:
    later = message("c", time="2027-01-02T00:00:00.000000Z")

    assert deliver(message("a"), later, message("b")) == []

    first, second = bucket.objects
    assert first.startswith("api-logs/year=2026/month=11/day=22/")
    assert second.startswith("api-logs/year=2027/month=01/day=02/")
    assert [body.count(b"}\n") for body in bucket.objects.values()] == [2, 1]
    assert len(bucket.records()) == 3


def test_a_batch_that_comes_again_in_any_order_is_the_object_that_is_there(bucket: Bucket) -> None:
    batch = [message(str(number)) for number in range(25)]
    deliver(*batch)
    before = dict(bucket.objects)

    assert deliver(*reversed(batch)) == []

    assert bucket.objects == before


def test_a_record_that_comes_again_in_other_company_is_told_by_its_id(bucket: Bucket) -> None:
    batch = [message(str(number)) for number in range(25)]
    deliver(*batch)
    before = dict(bucket.objects)

    assert deliver(batch[3]) == []
    assert deliver(batch[0], message("new"), *batch[20:]) == []

    assert len({record["record_id"] for record in bucket.records()}) == 26
    assert bucket.objects.items() >= before.items()


def test_a_record_twice_in_a_batch_is_kept_once(bucket: Bucket) -> None:
    record_id = new_id()

    assert deliver(message("a", record_id=record_id), message("b", record_id=record_id)) == []

    assert len(bucket.records()) == 1


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 9)), max_size=6))
def test_however_messages_are_grouped_and_repeated_each_record_is_there_as_it_was_sent(
    deliveries: Sequence[Sequence[int]],
) -> None:
    bucket = Bucket()
    messages = [message(str(number)) for number in range(10)]

    for numbers in deliveries:
        chosen = [messages[number] for number in numbers]
        assert not handler.keep(chosen, BucketTrail(bucket, LOGS))

    sent = {number for each in deliveries for number in each}
    kept = {record["record_id"]: record for record in bucket.records()}
    assert kept == {
        record["record_id"]: record
        for record in (json.loads(messages[number]["body"]) for number in sent)
    }


@pytest.mark.parametrize("poison", ["", "xyzzy", "{}", json.dumps(RECORD | {"time": "xyzzy"})])
def test_a_poison_message_fails_alone_and_nothing_of_it_is_logged(
    bucket: Bucket, poison: str, log_lines: fakes.LogLines
) -> None:
    failed = deliver(message("a"), {"messageId": "poison", "body": poison}, message("b"))

    assert failed == ["poison"]
    assert len(bucket.records()) == 2
    failure, batch = log_lines()
    assert (failure["level"], failure["message_id"]) == ("ERROR", "poison")
    assert failure["reason"].startswith("not a record: ")
    assert (batch["kept"], batch["failed"]) == (2, 1)
    assert "xyzzy" not in json.dumps([failure, batch])


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (fakes.client_error("AccessDenied", 403), "AccessDenied"),
        (fakes.client_error("ConditionalRequestConflict", 409), "ConditionalRequestConflict"),
        (RuntimeError("what nobody foresaw"), "RuntimeError"),
    ],
)
def test_what_the_bucket_does_not_take_comes_again_and_is_kept_then(
    bucket: Bucket, failure: Exception, reason: str, log_lines: fakes.LogLines
) -> None:
    batch = [message("a"), message("b")]
    bucket.failure = failure
    assert deliver(*batch) == ["a", "b"]
    assert log_lines()[0]["reason"] == reason

    bucket.failure = None

    assert deliver(*batch) == []
    assert len(bucket.records()) == 2


def test_a_day_that_cannot_be_put_comes_again_and_the_other_day_does_not(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = bucket.put_object

    def refuse_the_first(**given: Any) -> None:
        if "year=2026" in given["Key"]:
            raise fakes.client_error("SlowDown", 503)
        put(**given)

    monkeypatch.setattr(bucket, "put_object", refuse_the_first)
    batch = [message("a"), message("b", time="2027-01-02T00:00:00.000000Z"), message("c")]

    assert deliver(*batch) == ["a", "c"]
    assert len(bucket.records()) == 1


def test_a_message_that_the_writer_itself_fails_at_takes_no_other_with_it(bucket: Bucket) -> None:
    assert deliver(message("a"), {"messageId": "no body"}) == ["no body"]

    assert len(bucket.records()) == 1


def test_names_sort_by_the_time_of_their_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    nanoseconds = iter(range(0, 10**12, 10**11))
    monkeypatch.setattr("services.shared.ids.time.time_ns", lambda: next(nanoseconds))

    names = [key_of(one()) for _ in range(5)]

    assert names == sorted(names)


def test_s3_itself_is_asked_to_leave_what_is_there() -> None:
    asked: list[Any] = []

    def respond(request: Any) -> Any:
        asked.append(request)
        return 412, b"<Error><Code>PreconditionFailed</Code></Error>"

    records = one()

    BucketTrail(fakes.answering(aws.client("s3"), respond), LOGS).keep(records)

    assert len(asked) == 1
    request = asked[0]
    assert request.headers["If-None-Match"] in (b"*", "*")
    assert unquote(request.url).endswith(key_of(records))


def test_a_record_goes_with_a_checksum_as_a_locked_bucket_demands() -> None:
    asked: list[Any] = []

    def respond(request: Any) -> Any:
        asked.append(request)
        return 200, b""

    records = one()
    BucketTrail(fakes.answering(aws.client("s3"), respond), LOGS).keep(records)

    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    names = {name.lower() for name in asked[0].headers}
    assert names & {"x-amz-checksum-crc32", "content-md5"} or (
        asked[0].headers["x-amz-trailer"] in (b"x-amz-checksum-crc32", "x-amz-checksum-crc32")
    )


def test_only_what_is_kept_already_may_be_refused() -> None:
    def denied(_: Any) -> Any:
        return 403, b"<Error><Code>AccessDenied</Code></Error>"

    trail = BucketTrail(fakes.answering(aws.client("s3"), denied), LOGS)

    with pytest.raises(ClientError):
        trail.keep(one())
