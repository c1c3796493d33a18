"""Every request leaves one record, which says what it should and nothing else."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.partner_api import audit
from services.shared.audit.record import read_record
from services.shared.http.text import timestamp
from tests.unit.services import fakes
from tests.unit.services.environment import QUEUE
from tests.unit.services.fakes.partner_api import ITEM, Partner, rest_event

ANY_TEXT = st.text(max_size=400) | st.text('\n\r\0\x1b\x85\u2028\u202e"\\{}', max_size=40)


def test_a_request_leaves_one_record(partner_api: Partner) -> None:
    partner_api("PUT", ITEM, item_id="mug", item={}, query=None)

    [record] = partner_api.records
    assert record.pop("latency_ms") >= 0
    assert len(record.pop("record_id")) == 36
    assert record.pop("time").endswith("Z")
    assert record == {
        "request_id": "a-request",
        "method": "PUT",
        "path": "/items/mug",
        "status": 404,
        "api_key_id": "a1b2c3d4e5",
        "source_ip": "203.0.113.7",
        "user_agent": "curl/8.5.0",
        "stage": "prod",
    }


def test_requests_leave_as_many_records_each_with_its_own_id(partner_api: Partner) -> None:
    for _ in range(20):
        partner_api("GET", "/items", request_id="chosen-by-the-client")

    assert len({record["record_id"] for record in partner_api.records}) == 20


def test_no_body_key_or_query_value_is_in_a_record(partner_api: Partner) -> None:
    partner_api(
        "POST",
        "/items",
        item={"secret_word": "xyzzy"},
        headers={"x-api-key": "xyzzy", "authorization": "xyzzy", "cookie": "xyzzy"},
        query={"xyzzy": ["xyzzy"]},
        identity={"apiKey": "xyzzy"},
    )

    body = "".join(partner_api.queue.bodies)
    assert "user_agent" in body
    assert "xyzzy" not in body
    assert "secret_word" not in body


@pytest.mark.parametrize(
    "identity", [{"apiKeyId": None, "sourceIp": None, "userAgent": None}, {"apiKeyId": ""}]
)
def test_a_caller_that_says_nothing_of_itself_leaves_a_record_too(
    partner_api: Partner, identity: Any
) -> None:
    partner_api("GET", "/", identity=identity)

    assert read_record(partner_api.queue.bodies[0]).api_key_id is None


@settings(max_examples=100)
@given(agent=ANY_TEXT, item_id=ANY_TEXT, request_id=ANY_TEXT.filter(bool), address=ANY_TEXT)
def test_whatever_a_client_sends_its_record_is_one_line_that_the_writer_accepts(
    agent: str, item_id: str, request_id: str, address: str
) -> None:
    partner_api = Partner()

    partner_api(
        "GET",
        ITEM,
        item_id=item_id,
        request_id=request_id,
        identity={"userAgent": agent, "sourceIp": address},
    )

    assert len(partner_api.queue.bodies) == 1
    body = partner_api.queue.bodies[0]
    assert body.isascii()
    assert body.isprintable()
    assert len(body) < 2500
    record = read_record(body)
    assert record.to_json() == body.replace('.0,"stage"', ',"stage"')
    assert "/" not in record.path.removeprefix("/items/")


@settings(max_examples=60)
@given(agent=ANY_TEXT, item_id=ANY_TEXT, request_id=ANY_TEXT.filter(bool), origin=ANY_TEXT)
def test_whatever_a_client_sends_writes_no_log_line_of_its_own(
    agent: str, item_id: str, request_id: str, origin: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        log_lines = fakes.log_lines(patch)
        partner_api = Partner()
        partner_api.queue.failure = OSError(agent)

        partner_api(
            "GET",
            ITEM,
            item_id=item_id,
            request_id=request_id,
            identity={"userAgent": agent},
            headers={"origin": origin},
        )

        lines = log_lines()
    assert [line["message"] for line in lines] == ["request", audit.UNDELIVERED]
    assert all(line["request_id"].isprintable() for line in lines)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (EndpointConnectionError(endpoint_url=QUEUE), "EndpointConnectionError"),
        (fakes.client_error("AccessDenied", 403), "AccessDenied"),
        (RuntimeError("what nobody foresaw"), "RuntimeError"),
    ],
)
def test_a_record_that_cannot_be_sent_is_logged_as_it_is_and_the_answer_stays(
    partner_api: Partner,
    failure: Exception,
    reason: str,
    log_lines: fakes.LogLines,
    capsys: pytest.CaptureFixture[str],
) -> None:
    partner_api.queue.failure = failure

    status, body = partner_api("POST", "/items", item={"id": "mug"})

    assert (status, body["success"]) == (201, True)
    line = log_lines()[-1]
    assert (line["level"], line["message"], line["reason"]) == ("ERROR", audit.UNDELIVERED, reason)
    assert read_record(line["audit_record"]).path == "/items"
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert metrics["AuditUndelivered"] == [1.0]
    [described] = metrics["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "TAP"
    assert described["Dimensions"] == [["service"]]


def test_a_record_is_sent_in_three_attempts_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    requests: list[Any] = []
    queue = audit.connect(QUEUE)

    def respond(request: Any) -> Any:
        requests.append(json.loads(request.body))
        return 500, b"{}"

    fakes.answering(queue.client, respond)
    record = audit.record_of(rest_event(), 200, timestamp(), 0.1)

    queue.send(record)

    assert len(requests) == 3, "three attempts"
    assert requests[0] == {"QueueUrl": QUEUE, "MessageBody": record.to_json()}
