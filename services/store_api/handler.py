"""API Gateway function of the store's API.

The store is public: there is no caller to know, and an order is found by an id nobody can guess.
But it is served by its CDN alone, which proves itself with a key (`cdn`).
"""

import functools
import os
from dataclasses import dataclass

from services.shared import aws, health
from services.shared.database.postgres import Database, connect_to
from services.shared.database.secret import DatabaseSecret
from services.shared.function import entry_point
from services.shared.health import Health
from services.shared.http.errors import refused
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event, Request, json_body, read_numbers, serve
from services.shared.http.routes import Route, Routes, dispatch
from services.store_api import database
from services.store_api.cdn import OriginKey
from services.store_api.models import MAX_ORDER_LENGTH, Line
from services.store_api.repository import PostgresShop
from services.store_api.validators import VALIDATORS


@dataclass(frozen=True, kw_only=True)
class Api:
    """The operations of the store over the parts they need."""

    shop: PostgresShop
    origin_key: OriginKey
    health: Health

    @functools.cached_property
    def routes(self) -> Routes:
        """The operations by method and path."""
        return {
            "GET /api/products": Route("list_products", self._list_products),
            "GET /api/products/{sku}": Route("read_product", self._read_product),
            "POST /api/orders": Route("place_order", self._place_order, body="order"),
            "GET /api/orders/{id}": Route("read_order", self._read_order),
            "GET /api/health": Route("check_health", self.health.answer),
        }

    def run(self, call: Call) -> Json:
        """Carry out the operation of the request's route; the data of the answer."""
        self.origin_key.check(call.event)
        read = functools.partial(_read_request, call.event)
        return dispatch(call, self.routes, call.event["routeKey"], read)

    def _list_products(self, call: Call) -> Json:
        products, cursor = self.shop.products(**call.request["query"])
        # For the CDN, which keeps it as long as its cache policy says; browsers ask each time.
        call.headers["cache-control"] = "max-age=0, s-maxage=5"
        return {"products": products, "cursor": cursor}

    def _read_product(self, call: Call) -> Json:
        return {"product": self.shop.product(call.request["path"]["sku"])}

    def _place_order(self, call: Call) -> Json:
        lines = call.request["order"]["lines"]
        _check_distinct(lines)
        order, is_new = self.shop.place(call.request["header"]["Idempotency-Key"], lines)
        call.status = 201 if is_new else 200
        return {"order": order}

    def _read_order(self, call: Call) -> Json:
        return {"order": self.shop.order(call.request["path"]["id"])}


def connect(*, database_secret_arn: str, origin_key_arn: str, migration_level: str) -> Api:
    """Make the API over PostgreSQL.

    The first request makes the connection: with the database down, the function still starts and
    says so, and one that starts for nothing takes none of the database's connections.
    `migration_level` is the number of the newest migration that was deployed with this code.
    """
    arn = database_secret_arn
    secrets, login = aws.client("secretsmanager"), connect_to(aws.region_of(arn))
    checked = DatabaseSecret(health.client("secretsmanager"), arn).logins
    return Api(
        shop=PostgresShop(Database(DatabaseSecret(secrets, arn).logins, login)),
        origin_key=OriginKey(secrets, origin_key_arn),
        health=Health(
            {
                "secret": health.secret_is_readable(arn),
                "database": database.is_migrated(checked, login, int(migration_level)),
            }
        ),
    )


def _read_request(event: Event, route: Route) -> Request:
    """Read and check all of a request that counts, by the names of the API's description."""
    query = read_numbers(event.get("queryStringParameters") or {}, "limit")
    parts: Request = {"path": event.get("pathParameters") or {}, "query": query}
    if route.body:
        key = event["headers"].get("idempotency-key")  # API Gateway gives names in lower case
        parts["header"] = {} if key is None else {"Idempotency-Key": key}
        parts[route.body] = json_body(event, limit=MAX_ORDER_LENGTH)
    return VALIDATORS[route.name](parts)


def _check_distinct(lines: list[Line]) -> None:
    """Refuse two lines of one product, which would leave open which of them is meant."""
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line["sku"] in seen:
            field = f"order.lines[{index}].sku"
            raise refused(field, "occurs in two lines", "each product in one line")
        seen.add(line["sku"])


lambda_handler = entry_point(connect, os.environ, lambda api, event, _: serve(event, api.run))
