"""Health: an answer in time, whatever the table and the bucket do."""

import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from services.health import checks, handler
from services.health.settings import Settings
from services.shared import aws, requests
from tests.unit.services import fakes
from tests.unit.services.environment import BUCKET, TABLE

PUBLIC, DETAILS = "GET /health", "GET /health/details"


def well() -> None:
    """A check that finds nothing."""


def ask(route: str, **to_check: Any) -> Any:
    """Status and data of the answer to a health route."""
    response = requests.serve(
        fakes.http_event(route, scopes=None), lambda call: handler.work(call, to_check)
    )
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

    outcomes = checks.run({"table": hang, "bucket": hang}, timeout=0.1)

    forever.set()
    assert [outcome.reason for outcome in outcomes] == ["timeout", "timeout"]
    assert time.perf_counter() - started < 0.2 + 0.3


def test_a_check_has_two_seconds() -> None:
    assert checks.TIMEOUT_SECONDS == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (checks.CheckFailed("not_active"), "not_active"),
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


class Table:
    """A DynamoDB client whose table has a status."""

    def __init__(self, status: int) -> None:
        self._status = status

    def describe_table(self, *, TableName: str) -> Any:  # noqa: N803  AWS's name
        assert TableName == TABLE
        return {"Table": {"TableStatus": self._status}}


class Bucket:
    """An S3 client whose bucket is there."""

    def head_bucket(self, *, Bucket: str) -> None:  # noqa: N803  AWS's name
        assert Bucket == BUCKET


@pytest.mark.parametrize(
    ("status", "reason"), [("ACTIVE", None), ("UPDATING", None), ("DELETING", "not_active")]
)
def test_the_table_must_be_active_and_the_bucket_there(
    monkeypatch: pytest.MonkeyPatch, status: int, reason: str | None
) -> None:
    configs = []

    def client(service: str, config: Any) -> Any:
        configs.append(config)
        return {"dynamodb": Table(status), "s3": Bucket()}[service]

    monkeypatch.setattr(aws, "client", client)

    connected = handler.connect(Settings(items_table_name=TABLE, files_bucket_name=BUCKET))

    assert [outcome.reason for outcome in checks.run(connected)] == [reason, None]
    assert {config.retries["total_max_attempts"] for config in configs} == {1}
    assert {config.read_timeout for config in configs} == {2}


def test_the_entry_point_answers_though_nothing_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handler, "_checks", {"table": failing(KeyError())})

    response = handler.lambda_handler(fakes.http_event(PUBLIC, scopes=None), None)

    assert response["statusCode"] == 503
