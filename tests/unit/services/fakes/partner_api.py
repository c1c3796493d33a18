"""The partner API over items in memory, called as a REST API's gateway calls the function."""

import json
from collections import defaultdict
from typing import Any

from services.partner_api import handler
from services.partner_api.audit import AuditQueue
from services.partner_api.cors import AllowedOrigins
from services.shared.health import CheckFailed, Health
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService
from tests.unit.services import fakes
from tests.unit.services.environment import ORIGINS, QUEUE, SECRET, TABLE
from tests.unit.services.fakes.items_api import MemoryItems

ITEM = "/items/{id}"
KEY, OTHER_KEY = "a1b2c3d4e5", "f6g7h8i9j0"  # ids of API keys


def rest_event(
    method: str = "GET",
    resource: str = "/",
    *,
    item_id: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    identity: dict[str, Any] | None = None,
    request_id: str = "a-request",
    **more: Any,
) -> Any:
    """An event of the REST API, payload format 1.0, as far as the services read it."""
    known = {"apiKeyId": KEY, "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"}
    return {
        "httpMethod": method,
        "resource": resource,
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()} or None,
        "multiValueQueryStringParameters": query,
        "pathParameters": None if item_id is None else {"id": item_id},
        "requestContext": {
            "requestId": request_id,
            "stage": "prod",
            "identity": known | (identity or {}),
        },
        "body": None,
        "isBase64Encoded": False,
        **more,
    }


class Queue:
    """An SQS client of one queue, which can be made to fail."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.failure: Exception | None = None

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803  AWS's names
        assert QueueUrl == QUEUE
        if self.failure:
            raise self.failure
        self.bodies.append(MessageBody)

    def get_queue_attributes(self, **_: Any) -> None:
        """What a health check asks."""


class Partner:
    """The API, its items (by owner, and those of `KEY`) and its audit queue."""

    def __init__(self) -> None:
        self.owned: dict[str, Any] = defaultdict(MemoryItems)
        self.items = self.owned[KEY]
        self.queue = Queue()
        self.down = False
        keys = KeyRing(ApplicationSecret(fakes.SecretsManager, SECRET).load, fakes.Clock())
        self.api = handler.Api(
            items=lambda owner: ItemService(self.owned[owner], Cursors(keys, f"{TABLE}/{owner}")),
            origins=AllowedOrigins.from_text(ORIGINS),
            audit=AuditQueue(self.queue, QUEUE),
            health=Health({"table": self._check}),
        )

    def _check(self) -> None:
        if self.down:
            raise CheckFailed("not_active")

    @property
    def records(self) -> list[dict[str, Any]]:
        """The audit records that were sent."""
        return [json.loads(body) for body in self.queue.bodies]

    def raw(self, *arguments: Any, item: Any = None, **more: Any) -> Any:
        """The function's answer to a request (the item is text or an object)."""
        if item is not None:
            more["body"] = item if isinstance(item, str) else json.dumps(item)
        return self.api.serve(rest_event(*arguments, **more))

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        """Status and parsed body of the answer."""
        answer = self.raw(*arguments, **more)
        return answer["statusCode"], json.loads(answer["body"])
