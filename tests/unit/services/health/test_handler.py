"""Health: an answer in time, whatever is checked."""

import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from services.health import handler
from services.shared import aws, health
from services.shared.health import Health
from services.shared.http import requests
from services.shared.http.requests import Call
from services.shared.http.routes import dispatch
from tests.unit.services import fakes
from tests.unit.services.environment import BUCKET, QUEUE, SECRET, TABLE

PUBLIC, DETAILS = "GET /health", "GET /health/details"


def well() -> None:
    """A check that finds nothing."""


def ask(route: str, **to_check: Any) -> Any:
    """Status and data of the answer to a health route."""
    routes = handler.routes(Health(to_check))
    event = fakes.http_event(route, scopes=None)
    response = requests.serve(event, lambda call: dispatch(call, routes, event["routeKey"]))
    body = json.loads(response["body"])
    assert body["success"] is (response["statusCode"] == 200)
    return response["statusCode"], body["data"]


def failing(error: Exception) -> Any:
    def check() -> None:
        raise error

    return check


def test_the_public_answer_says_up_or_down_and_nothing_else() -> None:
    assert ask(PUBLIC, table=well, bucket=well) == (200, {"status": "up"})
    assert ask(PUBLIC, table=well, bucket=failing(KeyError())) == (503, {"status": "down"})


def test_the_details_say_which_check_failed_and_how_long_each_took() -> None:
    status, data = ask(DETAILS, table=well, bucket=failing(fakes.client_error("404", 404)))

    table, bucket = data["checks"]
    assert (status, data["status"]) == (503, "down")
    assert (table["name"], table["status"], table["reason"]) == ("table", "up", None)
    assert (bucket["name"], bucket["status"], bucket["reason"]) == ("bucket", "down", "not_found")
    assert table["duration_ms"] >= 0


def test_two_checks_that_hang_are_told_as_timeouts_in_the_time_of_one() -> None:
    forever = threading.Event()
    started = time.perf_counter()

    def hang() -> None:
        forever.wait()

    outcomes = health.run({"table": hang, "bucket": hang}, timeout=0.1)

    forever.set()
    assert [outcome.reason for outcome in outcomes] == ["timeout", "timeout"]
    assert time.perf_counter() - started < 0.2 + 0.3


def test_a_check_has_two_seconds() -> None:
    assert health.TIMEOUT_SECONDS == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (health.CheckFailed("not_active"), "not_active"),
        (fakes.client_error("ResourceNotFoundException"), "not_found"),
        (fakes.client_error("403", 403), "access_denied"),
        (fakes.client_error("AccessDeniedException"), "access_denied"),
        (fakes.client_error("ThrottlingException"), "throttled"),
        (fakes.client_error("InternalServerError", 500), "error"),
        (ConnectTimeoutError(endpoint_url="https://secret-name"), "timeout"),
        (EndpointConnectionError(endpoint_url="https://secret-name"), "unreachable"),
        (ValueError("secret-name"), "error"),
    ],
)
def test_a_failure_is_told_as_a_code_and_never_as_its_text(
    error: Exception, reason: str | None
) -> None:
    _, data = ask(DETAILS, table=failing(error))

    assert data["checks"][0]["reason"] == reason
    assert "secret-name" not in json.dumps(data)


class Dependencies:
    """Clients of a table with a status, and of a bucket, a secret and a queue that are there."""

    def __init__(self, status: str = "ACTIVE") -> None:
        self._status = status
        self.asked: list[Any] = []
        self.configs: list[Any] = []

    def client(self, _: str, config: Any) -> Any:
        self.configs.append(config)
        return self

    def describe_table(self, *, TableName: str) -> Any:  # noqa: N803  AWS's name
        self.asked.append(TableName)
        return {"Table": {"TableStatus": self._status}}

    def get_bucket_location(self, *, Bucket: str) -> None:  # noqa: N803  AWS's name
        self.asked.append(Bucket)

    def get_secret_value(self, *, SecretId: str) -> None:  # noqa: N803  AWS's name
        self.asked.append(SecretId)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> None:  # noqa: N803
        assert AttributeNames
        self.asked.append(QueueUrl)


@pytest.mark.parametrize(
    ("status", "reason"), [("ACTIVE", None), ("UPDATING", None), ("DELETING", "not_active")]
)
def test_the_table_must_be_active_the_bucket_there_and_the_secret_readable(
    monkeypatch: pytest.MonkeyPatch, status: str, reason: str | None
) -> None:
    needed = Dependencies(status)
    monkeypatch.setattr(aws, "client", needed.client)

    connected = handler.connect(
        items_table_name=TABLE, files_bucket_name=BUCKET, cursor_secret_arn=SECRET
    )

    found = {outcome.name: outcome.reason for outcome in connected.outcomes()}
    assert found == {"table": reason, "bucket": None, "secret": None}
    assert set(needed.asked) == {TABLE, BUCKET, SECRET}


def test_a_checks_client_tries_once_and_no_longer_than_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = Dependencies()
    monkeypatch.setattr(aws, "client", needed.client)

    health.queue_is_there(QUEUE)()

    assert needed.asked == [QUEUE]
    assert [config.retries["total_max_attempts"] for config in needed.configs] == [1]
    assert [config.read_timeout for config in needed.configs] == [2]


def test_a_flood_of_questions_is_answered_from_one_look_a_second() -> None:
    clock, looks = fakes.Clock(), []
    checked = Health({"table": lambda: looks.append(1)}, clock)

    for moment in (0, 0.9, 1, 1.9, 2):
        clock.now = 1000 + moment
        assert checked.answer(Call({}, {})) == {"status": "up"}

    assert len(looks) == 3


def test_what_is_down_is_in_the_log_by_its_name_and_reason(log_lines: fakes.LogLines) -> None:
    Health({"table": well, "secret": failing(health.CheckFailed("not_found"))}).answer(Call({}, {}))

    [line] = log_lines()
    assert (line["message"], line["down"]) == ("unhealthy", {"secret": "not_found"})


def test_the_entry_point_answers_though_nothing_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fakes.give(monkeypatch, handler, Health({"table": failing(KeyError())}))

    response = handler.lambda_handler(fakes.http_event(PUBLIC, scopes=None), None)

    assert response["statusCode"] == 503


@pytest.mark.parametrize(
    ("route", "status", "allowed"), [("POST /health", 405, "GET"), ("GET /healthy", 404, None)]
)
def test_a_route_that_is_none_of_healths_asks_no_dependency(
    monkeypatch: pytest.MonkeyPatch, route: str, status: int, allowed: str | None
) -> None:
    monkeypatch.setattr(health, "run", lambda _: pytest.fail("a dependency was asked"))

    response = handler.lambda_handler(fakes.http_event(route), None)

    assert (response["statusCode"], response["headers"].get("allow")) == (status, allowed)
