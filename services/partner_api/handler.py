"""API Gateway function of the partner API: the REST API of items.

API Gateway has checked the API key before; its id is the owner of the items that the request makes
and the only one whose items it sees. Every request that comes here leaves an audit record, except a
browser's preflight, which carries no key and does nothing.
"""

import functools
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.partner_api import audit, rest
from services.partner_api.cors import AllowedOrigins
from services.partner_api.validators import VALIDATORS
from services.shared import aws, health
from services.shared.function import entry_point
from services.shared.health import Health
from services.shared.http.errors import PreconditionFailed, Unavailable
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event, serve
from services.shared.http.responses import Response
from services.shared.http.routes import Route, Routes, dispatch, methods_of
from services.shared.http.text import timestamp
from services.shared.items.models import Item, VersionConflict
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService, item_services

# Generated from docs/api/partner.openapi.json by `make generate`.
_DESCRIPTION = json.loads(Path(__file__).with_name("description.json").read_text("utf-8"))


class StaleVersion(PreconditionFailed):
    """The item has another version than If-Match says; it was not changed."""

    code = VersionConflict.code


@dataclass(frozen=True, kw_only=True)
class Api:
    """The operations of the REST API over the parts they need; `items` gives those of an owner."""

    items: Callable[[str], ItemService]
    origins: AllowedOrigins
    audit: audit.AuditQueue
    health: Health

    @functools.cached_property
    def routes(self) -> Routes:
        """The operations by method and resource."""
        return {
            "GET /": Route("describe_api", self._describe),
            "GET /health": Route("check_health", self._check_health),
            "GET /items": Route("list_items", self._list),
            "POST /items": Route("create_item", self._create, status=201, body="item"),
            "GET /items/{id}": Route("read_item", self._read),
            "PUT /items/{id}": Route("replace_item", self._replace, body="item"),
            "DELETE /items/{id}": Route("delete_item", self._delete),
        }

    def serve(self, event: Event) -> Response:
        """Answer the request, then leave its audit record; a preflight is no request yet."""
        if event["httpMethod"] == "OPTIONS":
            return self._preflight(event)
        began_at, started = timestamp(), time.perf_counter()
        response = serve(event, self.run, stage=event["requestContext"]["stage"])
        took = time.perf_counter() - started
        self.audit.send(audit.record_of(event, response["statusCode"], began_at, took))
        return response

    def run(self, call: Call) -> Json:
        """Carry out the operation of the request's route; the data of the answer."""
        event = call.event
        call.headers |= self.origins.headers(rest.header(event, "origin"))
        return dispatch(
            call,
            self.routes,
            f"{event['httpMethod']} {event['resource']}",
            lambda route: VALIDATORS[route.name](rest.request(event, route.body)),
        )

    def _preflight(self, event: Event) -> Response:
        methods = methods_of(self.routes, event["resource"])
        headers = self.origins.preflight_headers(rest.header(event, "origin"), methods)
        return {"statusCode": 204, "headers": headers, "body": ""}

    def _describe(self, _: Call) -> Json:
        return {"api": _DESCRIPTION}

    def _check_health(self, call: Call) -> Json:
        data = self.health.answer(call)
        if call.status != 200:
            raise Unavailable  # as every operation that needs what is down
        return data

    def _list(self, call: Call) -> Json:
        items, cursor = self._items(call).list_page(**call.request["query"])
        return {"items": [item.to_public() for item in items], "cursor": cursor}

    def _create(self, call: Call) -> Json:
        attributes = call.request["item"]
        item_id = attributes.pop("id", None)
        return _with_etag(call, self._items(call).create(attributes, item_id))

    def _read(self, call: Call) -> Json:
        return _with_etag(call, self._items(call).read(call.request["path"]["id"]))

    def _replace(self, call: Call) -> Json:
        condition = call.request["header"].get("If-Match", "*")
        try:
            item = self._items(call).update(
                call.request["path"]["id"],
                call.request["item"],
                expected_version=None if condition == "*" else int(condition.strip('"')),
            )
        except VersionConflict as conflict:
            raise StaleVersion(conflict.message, conflict.details) from conflict
        return _with_etag(call, item)

    def _delete(self, call: Call) -> Json:
        return {"item": self._items(call).delete(call.request["path"]["id"]).to_public()}

    def _items(self, call: Call) -> ItemService:
        """Give the items of whom the request comes from."""
        return self.items(rest.owner(call.event))


def connect(
    *, items_table_name: str, cursor_secret_arn: str, audit_queue_url: str, allowed_origins: str
) -> Api:
    """Make the API on AWS: the clients of every request now, Secrets Manager's when needed."""
    secret = ApplicationSecret(lambda: aws.client("secretsmanager"), cursor_secret_arn)
    return Api(
        items=item_services(items_table_name, secret),
        origins=AllowedOrigins.from_text(allowed_origins),
        audit=audit.connect(audit_queue_url),
        health=Health(
            {
                "table": health.table_is_active(items_table_name),
                "secret": health.secret_is_readable(cursor_secret_arn),
                "audit": health.queue_is_there(audit_queue_url),
            }
        ),
    )


def _with_etag(call: Call, item: Item) -> Json:
    """Show the item, with its version as the answer's ETag."""
    call.headers["etag"] = f'"{item.version}"'
    return {"item": item.to_public()}


lambda_handler = entry_point(connect, os.environ, lambda api, event, _: api.serve(event))
