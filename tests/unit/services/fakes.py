"""Stand-ins for what the services talk to."""

import asyncio
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from ministack.services import dynamodb as ministack_dynamodb

from services.items_api import handler
from services.items_api.files import BucketFiles
from services.shared import aws, telemetry
from services.shared.http import requests
from services.shared.http.errors import Failure
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.models import Item, ItemExists, ItemNotFound, VersionConflict
from services.shared.items.repository import Mode
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService
from tests.secrets_manager import SECRET, SecretsManager, client_error
from tests.unit.services.environment import BUCKET, TABLE

__all__ = ["SecretsManager", "client_error"]  # for those who know them from here

EVERY_SCOPE = ("tap/items.read", "tap/items.write", "tap/files.write")


LogLines = Callable[[], list[dict[str, Any]]]


def log_lines(monkeypatch: pytest.MonkeyPatch) -> LogLines:
    """Gives the log lines written from here on, parsed."""
    stream = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


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

    `keys` are its partition key and, if there are two, its sort key.
    """

    def respond(request: Any) -> Any:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        status, _, body = asyncio.run(
            ministack_dynamodb.handle_request("POST", "/", headers, request.body, {})
        )
        return status, body

    ministack_dynamodb.reset()
    client = answering(aws.client("dynamodb"), respond)
    client.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


class MemoryItems:
    """Items in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Item] = {}

    def add(self, item: Item) -> None:
        if item.id in self.kept:
            raise ItemExists(item.id)
        self.kept[item.id] = item

    def get(self, item_id: str) -> Any:
        if item_id not in self.kept:
            raise ItemNotFound(item_id)
        return self.kept[item_id]

    def change(
        self,
        item_id: str,
        attributes: dict[str, Any],
        *,
        mode: Mode,
        updated_at: str,
        expected_version: int | None,
    ) -> Any:
        item = self.get(item_id)
        if expected_version not in (None, item.version):
            raise VersionConflict(item_id, expected=expected_version, current=item.version)
        merged = item.attributes | attributes if mode == "merge" else attributes
        self.kept[item_id] = replace(
            item, attributes=merged, version=item.version + 1, updated_at=updated_at
        )
        return self.kept[item_id]

    def remove(self, item_id: str) -> Any:
        item = self.get(item_id)
        del self.kept[item_id]
        return item

    def page(self, *, limit: int, after: str | None) -> Any:
        ids = sorted(id_ for id_ in self.kept if after is None or id_ > after)
        page = ids[:limit]
        return [self.kept[id_] for id_ in page], page[-1] if len(ids) > limit else None


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> Any:
        return self.now


class Api:
    """`POST /api` over items in memory, called as the gateway calls the function."""

    def __init__(self, secrets: Any) -> None:
        self.items = MemoryItems()
        self.clock = Clock()
        self.files: dict[str, bytes] = {}
        secret = ApplicationSecret(lambda: secrets, SECRET)
        self._api = handler.Api(
            items=ItemService(self.items, Cursors(KeyRing(secret, self.clock), TABLE)),
            files=BucketFiles(answering(aws.client("s3"), self._head), BUCKET),
            secret=secret,
            resource_server_id="tap",
        )

    @property
    def operations(self) -> Any:
        """The operations by their names."""
        return self._api.operations

    @property
    def work(self) -> Any:
        """What the function does with a call."""
        return self._api.work

    def _head(self, request: Any) -> Any:
        name = request.url.rpartition("/uploads/")[2]
        return (200 if name in self.files else 403), b""

    def __call__(
        self, request: Any, scopes: Sequence[str] | None = EVERY_SCOPE, **event: Any
    ) -> Any:
        """Status and parsed body of the answer to a request (text, or an object)."""
        body = request if isinstance(request, str) else json.dumps(request)
        response = requests.serve(
            http_event("POST /api", scopes, body=body, **event), self._api.work
        )
        return response["statusCode"], json.loads(response["body"])


def http_event(route: str, scopes: Sequence[str] | None = EVERY_SCOPE, **more: Any) -> Any:
    """An event of the HTTP API, payload format 2.0, as far as the services read it."""
    context: dict[str, Any] = {"requestId": "a-request"}
    if scopes is not None:
        context["authorizer"] = {"jwt": {"claims": {"scope": " ".join(scopes)}}}
    return {"routeKey": route, "requestContext": context, **more}


def moment() -> Any:
    """A date with a time zone, as botocore parses one."""
    return datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
