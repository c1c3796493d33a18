"""What services and functions publish: names, dimensions, units and values as on AWS."""

import asyncio
import json

import pytest

from localcloud.ledger import Verdict
from localcloud.ledger.deployed import of_alarm
from localcloud.metrics import inbox
from localcloud.metrics.clock import Clock
from localcloud.metrics.embedded import metrics_in
from localcloud.metrics.notifications import text_of
from localcloud.metrics.published import Datum, is_published, of_service
from localcloud.metrics.requests import measured
from tests.clock import advance


def document(**changed):
    directive = {
        "Namespace": "TAP",
        "Dimensions": [["service"], ["service", "operation"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Requests"}],
    }
    return {
        "_aws": {"Timestamp": 1574109732004, "CloudWatchMetrics": [directive]},
        "service": "items",
        "operation": "read",
        "Latency": [12.5, 3],
        "Requests": 1,
    } | changed


def a_metric(namespace, name, dimensions):
    named = [{"Name": each, "Value": "v"} for each in dimensions]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": named}


def published(text):
    return list(metrics_in(text if isinstance(text, str) else json.dumps(text), ahead=0))


def test_a_line_in_the_embedded_metric_format_publishes_each_value_under_each_dimension_set():
    found = published(document())

    service, operation = ("service", "items"), ("operation", "read")
    assert Datum("TAP", "Latency", 12.5, "Milliseconds", (service,), 1574109732.004) in found
    assert {(d.name, d.value, d.unit, d.dimensions) for d in found} == {
        (name, value, unit, dimensions)
        for dimensions in ((service,), (service, operation))
        for name, value, unit in (
            ("Latency", 12.5, "Milliseconds"),
            ("Latency", 3, "Milliseconds"),
            ("Requests", 1, "None"),
        )
    }


def test_metrics_are_found_among_the_other_lines_of_a_log_and_behind_what_lambda_puts_before():
    line = json.dumps(document(Latency=1))
    log = f'START RequestId: 1\n{{"level": "INFO"}}\n2026-01-01T00:00:00Z 1 {line}\nEND'

    assert len(published(log)) == 4


def test_they_carry_the_time_of_a_clock_that_was_put_forward():
    found = next(metrics_in(json.dumps(document()), ahead=600))

    assert found.at == 1574110332.004


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({"Requests": "1"}, {"Latency"}),
        ({"Requests": True}, {"Latency"}),
        ({"Latency": [1, "2"]}, {"Requests"}),
        ({"Latency": list(range(101))}, {"Requests"}),
        ({"service": 1}, set()),
        ({"_aws": {"CloudWatchMetrics": []}}, set()),
        ({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "TAP"}]}}, set()),
    ],
)
def test_what_the_specification_forbids_publishes_nothing(changed, left):
    assert {each.name for each in published(document(**changed))} == left


def test_a_dimension_without_a_text_keeps_back_its_own_set_alone():
    found = published(document(operation=None))

    assert {each.dimensions for each in found} == {(("service", "items"),)}


def test_a_line_that_only_looks_like_json_publishes_nothing():
    assert not published('{"_aws": ')


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions"),
    [
        ("AWS/Lambda", "Errors", ["QueueName"]),
        ("AWS/Lambda", "Errors", []),
        ("AWS/Lambda", "IteratorAge", ["FunctionName"]),
        ("AWS/DynamoDB", "ThrottledRequests", ["TableName"]),
        ("AWS/ApiGateway", "5xx", ["ApiName"]),
        ("AWS/ApiGateway", "5XXError", ["ApiId"]),
        ("", "", []),
    ],
)
def test_any_other_metric_of_a_service_is_not(namespace, name, dimensions):
    assert not is_published(a_metric(namespace, name, dimensions))


def test_a_metric_of_a_namespace_of_ones_own_may_come_from_a_log():
    assert is_published(a_metric("TAP", "AuditUndelivered", ["service"]))


def test_a_services_metrics_are_published_under_each_set_of_dimensions():
    found = list(
        of_service("AWS/ApiGateway", {"ApiName": "a", "Stage": "prod"}, {"Count": 1.0}, 60.0)
    )

    assert found == [
        Datum("AWS/ApiGateway", "Count", 1.0, "Count", (("ApiName", "a"),), 60.0),
        Datum("AWS/ApiGateway", "Count", 1.0, "Count", (("ApiName", "a"), ("Stage", "prod")), 60.0),
    ]


def test_the_clock_is_the_machines_until_a_drill_puts_it_forward(tmp_path, monkeypatch):
    (tmp_path / "state").mkdir()
    monkeypatch.setattr("localcloud.metrics.clock.time.time", lambda: 1000.0)
    running = Clock(tmp_path)
    before = running.now()

    advance(tmp_path, 60)
    advance(tmp_path, 30)
    running.read()

    assert (before, running.now()) == (1000.0, 1090.0)
    assert Clock(tmp_path).now() == 1090.0


def test_the_clock_never_goes_back(tmp_path):
    (tmp_path / "state").mkdir()
    advance(tmp_path, 60)
    running = Clock(tmp_path)

    with pytest.raises(ValueError, match="cannot go back"):
        advance(tmp_path, -1)
    (tmp_path / "state" / "clock.json").unlink()
    running.read()

    assert running.ahead == 60


def test_mail_is_read_as_it_was_sent_oldest_first(tmp_path):
    long = "ALARM: " + "a" * 150
    inbox.deliver(tmp_path, to="a@example.com", subject=long, text="first\nsecond", at=0)
    inbox.deliver(tmp_path, to="b@example.com", subject="é\nBcc: x", text="ünd", at=60)

    # pylint: disable-next=unbalanced-tuple-unpacking  # it takes the list for empty
    first, second = inbox.messages(tmp_path)

    assert (first.to, first.subject, first.text) == ("a@example.com", long, "first\nsecond")
    assert first.date == "Thu, 01 Jan 1970 00:00:00 -0000"
    assert (second.subject, second.text) == ("é Bcc: x", "ünd")


def test_mail_can_be_read_by_this_user_alone(tmp_path):
    inbox.deliver(tmp_path, to="a@example.com", subject="s", text="t", at=0)

    [path] = (tmp_path / "inbox").iterdir()

    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_mail_that_is_no_alarm_has_the_messages_own_text():
    assert text_of('{"order": 1}') == '{"order": 1}'
    assert text_of("plain") == "plain"


def served(path, host="127.0.0.1:4566", status=200):
    reports = []

    async def app(_scope, _receive, send):
        if status:
            await send({"type": "http.response.start", "status": status, "headers": []})

    async def receive():
        return {}

    async def send(_message):
        pass

    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode())]}
    asyncio.run(measured(app, lambda *told: reports.append(told))(scope, receive, send))
    return [(address.kind, address.id, address.stage, status) for address, status, _ in reports]


def test_requests_to_apis_and_distributions_are_reported_and_no_others():
    assert served("/_aws/execute-api/1a2b/prod/items", status=503) == [
        ("execute-api", "1a2b", "prod", 503)
    ]
    assert served("/health", host="1a2b.execute-api.localhost:8080") == [
        ("execute-api", "1a2b", "health", 200)
    ]
    assert served("/", host="d111.cloudfront.net") == [("cloudfront", "d111", "", 200)]
    assert served("/") == []


def test_a_request_without_an_answer_is_not_reported():
    assert served("/_aws/execute-api/1a2b/prod/items", status=0) == []


@pytest.mark.parametrize(
    ("namespace", "verdict"), [("AWS/Lambda", Verdict.ENFORCED), ("AWS/EC2", Verdict.RECORDED)]
)
def test_an_alarm_on_what_nobody_publishes_is_recorded_and_named(namespace, verdict):
    dimensions = [{"Name": "FunctionName", "Value": "api"}]
    alarm = {"Namespace": namespace, "MetricName": "Errors", "Dimensions": dimensions}

    found = of_alarm(alarm)

    assert found.verdict is verdict
    assert ("AWS/EC2 Errors is not published here" in found.note) is (verdict is Verdict.RECORDED)
