"""The REST API of items: from a request to the use case of its route, and back.

The gateway has checked the API key before; its id is the owner of the items that the request makes
and the only one whose items it sees. Every request that comes here leaves an audit record, except a
browser's preflight, which carries no key and does nothing.
"""

import functools
import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.partner_api import audit, rest
from services.partner_api.cors import AllowedOrigins
from services.partner_api.description import DESCRIPTION
from services.partner_api.rest import Request
from services.partner_api.settings import Settings
from services.partner_api.validators import VALIDATORS
from services.shared import aws, health
from services.shared.health import Health
from services.shared.http import requests
from services.shared.http.errors import NotFound, PreconditionFailed, Unavailable
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event
from services.shared.http.responses import Response
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.models import Item, VersionConflict
from services.shared.items.repository import DynamoItems
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService


class RouteNotFound(NotFound):
    """The gateway passed on what the API does not describe."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("there is no such resource or method; GET / lists them")


class StaleVersion(PreconditionFailed):
    """The item has another version than If-Match says; it was not changed."""

    code = VersionConflict.code


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation by its name in the description, and the status of its success."""

    name: str
    run: Callable[[Call, Request], Json]
    status: int = 200
    takes_item: bool = False


@dataclass(frozen=True, kw_only=True)
class Api:
    """The operations of the REST API over the parts they need; `items` gives those of an owner."""

    items: Callable[[str], ItemService]
    origins: AllowedOrigins
    audit: audit.AuditQueue
    health: Health

    @functools.cached_property
    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Every operation by its method and resource."""
        return {
            ("GET", "/"): Operation(name="describe_api", run=self._describe),
            ("GET", "/health"): Operation(name="check_health", run=self._check_health),
            ("GET", "/items"): Operation(name="list_items", run=self._list),
            ("POST", "/items"): Operation(
                name="create_item", run=self._create, status=201, takes_item=True
            ),
            ("GET", "/items/{id}"): Operation(name="read_item", run=self._read),
            ("PUT", "/items/{id}"): Operation(
                name="replace_item", run=self._replace, takes_item=True
            ),
            ("DELETE", "/items/{id}"): Operation(name="delete_item", run=self._delete),
        }

    def serve(self, event: Event) -> Response:
        """Answer the request, then leave its audit record; a preflight is no request yet."""
        if event["httpMethod"] == "OPTIONS":
            return self._preflight(event)
        stopwatch = audit.Stopwatch()
        response = requests.serve(event, self.work, stage=event["requestContext"]["stage"])
        self.audit.send(audit.record_of(event, response["statusCode"], stopwatch))
        return response

    def work(self, call: Call) -> tuple[int, Json]:
        """Status and data of the answer. Raises a `Failure` for what cannot be done."""
        event = call.event
        call.headers |= self.origins.headers(rest.header(event, "origin"))
        operation = self.operations.get((event["httpMethod"], event["resource"]))
        if operation is None:
            raise RouteNotFound
        call.name(operation.name)
        request = rest.request(event, takes_item=operation.takes_item)
        return operation.status, operation.run(call, VALIDATORS[operation.name](request))

    def _preflight(self, event: Event) -> Response:
        methods = [method for method, path in self.operations if path == event["resource"]]
        headers = self.origins.preflight_headers(rest.header(event, "origin"), methods)
        return {"statusCode": 204, "headers": headers, "body": ""}

    def _describe(self, _: Call, __: Request) -> Json:
        return {"api": DESCRIPTION}

    def _check_health(self, _: Call, __: Request) -> Json:
        status, data = self.health.answer()
        if status != 200:
            raise Unavailable  # as every operation that needs what is down
        return data

    def _list(self, call: Call, request: Request) -> Json:
        query = request["query"]
        items, cursor = self._items(call).list_page(
            limit=query["limit"], cursor=query.get("cursor")
        )
        return {"items": [item.public() for item in items], "cursor": cursor}

    def _create(self, call: Call, request: Request) -> Json:
        attributes = request["item"]
        item_id = attributes.pop("id", None)
        return _tagged(call, self._items(call).create(attributes, item_id))

    def _read(self, call: Call, request: Request) -> Json:
        return _tagged(call, self._items(call).read(request["path"]["id"]))

    def _replace(self, call: Call, request: Request) -> Json:
        condition = request["header"].get("If-Match", "*")
        try:
            item = self._items(call).update(
                request["path"]["id"],
                request["item"],
                expected_version=None if condition == "*" else int(condition.strip('"')),
            )
        except VersionConflict as conflict:
            raise StaleVersion(conflict.message, conflict.details) from conflict
        return _tagged(call, item)

    def _delete(self, call: Call, request: Request) -> Json:
        return {"item": self._items(call).delete(request["path"]["id"]).public()}

    def _items(self, call: Call) -> ItemService:
        """The items of whom the request comes from."""
        return self.items(rest.owner(call.event))


def connect(settings: Settings) -> Api:
    """The API on AWS. The clients of every request are made now, Secrets Manager's when needed."""
    secret = ApplicationSecret(
        functools.cache(lambda: aws.client("secretsmanager")), settings.cursor_secret_arn
    )
    dynamodb, table_name, keys = aws.client("dynamodb"), settings.items_table_name, KeyRing(secret)

    def items_of(owner: str) -> ItemService:
        return ItemService(
            DynamoItems(dynamodb, table_name, owner), Cursors(keys, f"{table_name}/{owner}")
        )

    return Api(
        items=items_of,
        origins=AllowedOrigins.from_text(settings.allowed_origins),
        audit=audit.connect(settings.audit_queue_url),
        health=Health(
            {
                "table": health.table_is_active(settings.items_table_name),
                "secret": health.secret_is_readable(settings.cursor_secret_arn),
                "audit": health.queue_is_there(settings.audit_queue_url),
            }
        ),
    )


def _tagged(call: Call, item: Item) -> Json:
    """The item, with its version as the answer's ETag."""
    call.headers["etag"] = f'"{item.version}"'
    return {"item": item.public()}


_api = connect(Settings.from_env(os.environ))


def lambda_handler(event: Event, _context: object) -> Response:
    """Lambda's entry point."""
    return _api.serve(event)


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
