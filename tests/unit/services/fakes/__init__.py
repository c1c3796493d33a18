"""Stand-ins for what the services talk to, and what calls them."""

import asyncio
import importlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from localcloud.engine.internals import need
from services.shared import aws, telemetry
from services.shared.http.errors import Failure
from tests.secrets_manager import SecretsManager, client_error
from tests.unit.services.environment import TABLE

__all__ = ["SecretsManager", "client_error"]  # for those who know them from here

EVERY_SCOPE = ("tap/items.read", "tap/items.write", "tap/files.write")


LogLines = Callable[[], list[dict[str, Any]]]


def log_lines(monkeypatch: pytest.MonkeyPatch) -> LogLines:
    """Gives the log lines written from here on, parsed."""
    stream = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def give(monkeypatch: pytest.MonkeyPatch, handler: Any, made: Any) -> None:
    """Give a handler's function these parts in place of those on AWS."""
    monkeypatch.setattr(handler, "lambda_handler", partial(handler.lambda_handler.func, made))


def detail(failure: Failure) -> dict[str, str]:
    """The one problem that a failure lists."""
    details: Any = failure.details
    [only] = details
    return dict(only)


class Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self) -> Iterator[bytes]:
        yield self.body


def answering(client: Any, respond: Any) -> Any:
    """Give a real botocore client's requests to `respond`, which returns (status, body)."""

    def send(request: Any, **_: Any) -> Any:
        status, body = respond(request)
        headers: Any = {"content-type": "text/plain", "content-length": str(len(body))}
        return AWSResponse(request.url, status, headers, Raw(body))

    client.meta.events.register("before-send", send)
    return client


def dynamodb(table: str = TABLE, keys: Sequence[str] = ("id",)) -> Any:
    """A real client of the embedded cloud's DynamoDB, in this process, with one empty table.

    `keys` are its partition key and, if there are two, its sort key; it has the index of lists.
    """
    # Where the emulator is not installed, or another version is, the tests of tables alone fail.
    emulator = importlib.import_module("ministack.services.dynamodb")
    handle_request, reset = need(emulator, "handle_request"), need(emulator, "reset")

    def respond(request: Any) -> Any:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        status, _, body = asyncio.run(handle_request("POST", "/", headers, request.body, {}))
        return status, body

    reset()
    client = answering(aws.client("dynamodb"), respond)
    place = ("listed_in", "listed_at")
    client.create_table(
        TableName=table,
        KeySchema=_key_schema(keys),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in (*keys, *place)
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "listed",
                "KeySchema": _key_schema(place),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def _key_schema(names: Sequence[str]) -> list[dict[str, str]]:
    kinds = zip(names, ("HASH", "RANGE"), strict=False)
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> Any:
        return self.now


def http_event(route: str, scopes: Sequence[str] | None = EVERY_SCOPE, **more: Any) -> Any:
    """An event of the HTTP API, payload format 2.0, as far as the services read it."""
    context: dict[str, Any] = {"requestId": "a-request"}
    if scopes is not None:
        context["authorizer"] = {"jwt": {"claims": {"scope": " ".join(scopes)}}}
    return {"routeKey": route, "requestContext": context, **more}


def moment() -> Any:
    """A date with a time zone, as botocore parses one."""
    return datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


class Listening:
    """A DynamoDB client that keeps what it is asked."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**given: Any) -> Any:
            self.asked.append((operation, given))
            return getattr(self._client, operation)(**given)

        return call
