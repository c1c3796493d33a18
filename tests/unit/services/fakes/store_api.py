"""Stand-ins for the store's database and its secret."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from pg8000.exceptions import DatabaseError

from services.shared.database.secret import Login
from services.shared.health import CheckFailed, Health
from services.shared.http import requests
from services.store_api.cdn import HEADER, OriginKey
from services.store_api.handler import Api
from services.store_api.models import (
    KeyInUse,
    Line,
    Order,
    OrderNotFound,
    OutOfStock,
    Product,
    ProductNotFound,
)
from tests.secrets_manager import NEW, OLD, SECRET, StoreSecret, client_error, secret_value
from tests.unit.services import fakes

__all__ = ["NEW", "OLD", "StoreSecret", "secret_value"]


def refused(code: str) -> DatabaseError:
    """What the driver raises for an error of the server's."""
    return DatabaseError({"C": code, "M": "a message"})


class Server:
    """A database server: it lets in with one password and gives every statement its answer."""

    def __init__(self, answer: Callable[..., Any] = lambda _sql, **_values: []) -> None:
        self.password = OLD
        self.answer = answer
        self.attempts: list[str] = []
        self.statements: list[str] = []
        self.prepared: list[str] = []
        self.open = 0

    def connect(self, login: Login) -> Any:
        self.attempts.append(login.password)
        if login.password != self.password:
            raise refused("28P01")
        self.open += 1
        return Session(self)


class Session:
    """A connection to the server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.closed = False

    def run(self, sql: str, **values: Any) -> Any:
        self._server.statements.append(sql)
        return self._server.answer(sql, **values)

    def prepare(self, sql: str) -> Any:
        self._server.prepared.append(sql)
        session = self

        class Statement:
            def run(self, **values: Any) -> Any:
                return session.run(sql, **values)

        return Statement()

    def close(self) -> None:
        if self.closed:
            raise OSError("closed")
        self.closed = True
        self._server.open -= 1


def product(sku: str, name: str, amount: int, stock: int) -> Product:
    """A product as the database composes it."""
    return {
        "sku": sku,
        "name": name,
        "description": "",
        "price": {"amount": amount, "currency": "EUR"},
        "stock": stock,
        "image": f"images/{sku.lower()}.svg",
    }


class MemoryShop:
    """A shop of one mug and one tote bag, of which there are two and one."""

    def __init__(self) -> None:
        self.kept = {
            "MUG": product("MUG", "Mug", 1450, 2),
            "TOTE": product("TOTE", "Tote", 1800, 1),
        }
        self.orders: dict[str, tuple[Sequence[Line], Order]] = {}

    def products(self, limit: int, cursor: str = "0.") -> tuple[list[Product], str | None]:
        later = [dict(each) for sku, each in self.kept.items() if f"0.{sku}" > cursor]
        page = later[:limit]
        return page, f"0.{page[-1]['sku']}" if len(later) > limit else None

    def product(self, sku: str) -> Any:
        if sku not in self.kept:
            raise ProductNotFound(sku)
        return dict(self.kept[sku])

    def place(self, key: str, lines: Sequence[Line]) -> Any:
        lines = sorted(lines, key=lambda line: line["sku"])
        if key in self.orders:
            first, order = self.orders[key]
            if first != lines:
                raise KeyInUse
            return order, False
        for line in lines:
            left = self.product(line["sku"])["stock"]
            if left < line["quantity"]:
                raise OutOfStock(line["sku"], wanted=line["quantity"], left=left)
        for line in lines:
            self.kept[line["sku"]]["stock"] -= line["quantity"]
        priced = [self._line(line) for line in lines]
        total = sum(line["total"]["amount"] for line in priced)
        order = {
            "id": f"0b8f7d0e-3c67-4b0f-9d51-{len(self.orders):012}",
            "placed_at": "2026-11-22T01:02:03.000004Z",
            "lines": priced,
            "total": {"amount": total, "currency": "EUR"},
        }
        self.orders[key] = (lines, order)
        return order, True

    def order(self, order_id: str) -> Any:
        found = [order for _, order in self.orders.values() if order["id"] == order_id]
        if not found:
            raise OrderNotFound(order_id)
        return found[0]

    def _line(self, line: Line) -> dict[str, Any]:
        sold = self.kept[line["sku"]]
        total = {**sold["price"], "amount": sold["price"]["amount"] * line["quantity"]}
        return {**line, "name": sold["name"], "price": sold["price"], "total": total}


class OriginKeys:
    """Secrets Manager with the CDN's key, and the one before it."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.reads = 0

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any:  # noqa: N803
        assert SecretId == SECRET
        self.reads += 1
        place = ("AWSCURRENT", "AWSPREVIOUS").index(VersionStage)
        if place >= len(self.keys):
            raise client_error("ResourceNotFoundException")
        return {"SecretString": self.keys[place]}


class Store:
    """The store's API over a shop in memory, called as the gateway calls the function."""

    def __init__(self) -> None:
        self.shop = MemoryShop()
        self.down: set[str] = set()
        self._api = Api(
            shop=cast("Any", self.shop),
            origin_key=OriginKey(OriginKeys("the-cdns-key"), SECRET),
            health=Health({"database": self._check}),
        )

    def _check(self) -> None:
        if "database" in self.down:
            raise CheckFailed("not_migrated")

    @property
    def routes(self) -> Any:
        """The operations by their routes."""
        return self._api.routes

    @property
    def run(self) -> Any:
        """What the function does with a call."""
        return self._api.run

    def event(
        self,
        route: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        isBase64Encoded: bool = False,  # noqa: N803  the gateway's name
        **path: str,
    ) -> Any:
        """A request as the gateway passes it on from the CDN (text, or an object)."""
        event = fakes.http_event(route, pathParameters=path)
        event["headers"] = {"idempotency-key": key} if key is not None else headers or {}
        event["headers"].setdefault(HEADER, "the-cdns-key")
        if query:
            event["queryStringParameters"] = query
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["isBase64Encoded"] = isBase64Encoded
        return event

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Status and parsed body of the answer to a request, given as for `event`."""
        response = requests.serve(self.event(*given, **named), self.run)
        return response["statusCode"], json.loads(response["body"])
