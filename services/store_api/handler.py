"""The store's API: from a request to the use case of its route, and back.

The store is public: there is no caller to know, and an order is found by an id nobody can guess.
But it is served by its CDN alone, which proves itself with a key (`cdn`).
"""

import functools
import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.shared import aws, health
from services.shared.database.postgres import Database, connect_to
from services.shared.database.secret import DatabaseSecret
from services.shared.health import Health
from services.shared.http import exact_json, requests
from services.shared.http.errors import refused
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event
from services.shared.http.responses import Response
from services.store_api import database
from services.store_api.cdn import OriginKey
from services.store_api.models import MAX_ORDER_LENGTH, Line, Order
from services.store_api.repository import PostgresShop, Shop
from services.store_api.settings import Settings
from services.store_api.validators import VALIDATORS


@dataclass(frozen=True, kw_only=True)
class Api:
    """The routes of the store over the shop."""

    shop: Shop
    origin_key: OriginKey
    health: Health

    @functools.cached_property
    def routes(self) -> Mapping[str, tuple[str, Callable[[Event], tuple[int, Json]]]]:
        """The operation of each route and what it does."""
        return {
            "GET /api/products": ("list_products", self._list_products),
            "GET /api/products/{sku}": ("read_product", self._read_product),
            "POST /api/orders": ("place_order", self._place_order),
            "GET /api/orders/{id}": ("read_order", self._read_order),
            "GET /api/health": ("check_health", lambda _: self.health.answer()),
        }

    def work(self, call: Call) -> tuple[int, Json]:
        """Status and data of the answer. Raises a `Failure` for what cannot be done."""
        self.origin_key.check(call.event)
        operation, run = self.routes[call.event["routeKey"]]
        call.name(operation)
        return run(call.event)

    def _list_products(self, _: Event) -> tuple[int, Json]:
        return 200, {"products": [product.public() for product in self.shop.products()]}

    def _read_product(self, event: Event) -> tuple[int, Json]:
        path = VALIDATORS["read_product"]({"path": event["pathParameters"]})["path"]
        return 200, {"product": self.shop.product(path["sku"]).public()}

    def _place_order(self, event: Event) -> tuple[int, Json]:
        # The gateway gives header names in lower case; the description has them as people write.
        header = {
            name: event["headers"][name.lower()]
            for name in ("Idempotency-Key",)
            if name.lower() in event["headers"]
        }
        order = exact_json.parse(requests.body(event, limit=MAX_ORDER_LENGTH))
        request = VALIDATORS["place_order"]({"header": header, "order": order})
        lines = [Line(line["sku"], line["quantity"]) for line in request["order"]["lines"]]
        _check_distinct(lines)
        return _placed(*self.shop.place(request["header"]["Idempotency-Key"], lines))

    def _read_order(self, event: Event) -> tuple[int, Json]:
        path = VALIDATORS["read_order"]({"path": event["pathParameters"]})["path"]
        return 200, {"order": self.shop.order(path["id"])}


def connect(settings: Settings) -> Api:
    """The API over PostgreSQL.

    The first request makes the connection: with the database down, the function still starts and
    says so, and one that starts for nothing takes none of the database's connections.
    """
    arn = settings.database_secret_arn
    secrets, login = aws.client("secretsmanager"), connect_to(aws.region_of(arn))
    checked = DatabaseSecret(health.client("secretsmanager"), arn)
    return Api(
        shop=PostgresShop(Database(DatabaseSecret(secrets, arn), login)),
        origin_key=OriginKey(secrets, settings.origin_key_arn),
        health=Health(
            {
                "secret": health.secret_is_readable(arn),
                "database": database.is_migrated(checked, login, int(settings.migration_level)),
            }
        ),
    )


def _placed(order: Order, is_new: bool) -> tuple[int, Json]:
    return (201 if is_new else 200), {"order": order}


def _check_distinct(lines: list[Line]) -> None:
    """Two lines of one product would leave open which of them is meant."""
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.sku in seen:
            field = f"order.lines[{index}].sku"
            raise refused(field, "occurs in two lines", "each product in one line")
        seen.add(line.sku)


_api = connect(Settings.from_env(os.environ))


def lambda_handler(event: Event, _context: object) -> Response:
    """Lambda's entry point."""
    return requests.serve(event, _api.work)


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
