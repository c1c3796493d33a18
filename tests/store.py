"""The deployed store as its customers see it, and as the owner of its database does."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

import pytest
import urllib3
from pg8000.exceptions import Error
from pg8000.native import Connection

from localcloud import postgres
from localcloud.cloud import Cloud
from tests.api import Answer
from tests.deployment import Deployment

NewProduct = Callable[..., str]


class Store:
    """Requests to the store over one connection pool, which may be used by many threads."""

    def __init__(self, deployment: Deployment) -> None:
        self.url = deployment.store_url
        self.pool = urllib3.PoolManager(retries=False, timeout=60, maxsize=64)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self.pool.clear()

    def get(self, path: str) -> Answer:
        """GET a path, such as /api/products."""
        return self.request("GET", path)

    def place(self, lines: Mapping[str, int] | Any, order_key: str | None = None) -> Answer:
        """Order so many of each sku; anything that is no mapping is sent as it is.

        The key is a new one when left out.
        """
        order = (
            {"lines": [{"sku": sku, "quantity": number} for sku, number in lines.items()]}
            if isinstance(lines, Mapping)
            else lines
        )
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        sent = {"content-type": "application/json", "idempotency-key": order_key or key()}
        return self.request("POST", "/api/orders", body=body, headers=sent)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any request, again for as long as the stage is throttling."""
        while True:
            answer = self.pool.request(
                method, self.url + path, body=body, headers=dict(headers or {}), redirect=False
            )
            if answer.status != 429:
                return Answer(answer.status, answer.headers, answer.data.decode())
            time.sleep(0.1)


def key() -> str:
    """A new idempotency key."""
    return str(uuid.uuid4())


def without_lines(owner: Connection) -> int:
    """How many orders have no line: an order is whole, or is not there."""
    [[found]] = owner.run(
        "SELECT count(*) FROM orders AS o "
        "WHERE NOT EXISTS (SELECT FROM order_lines WHERE order_id = o.id)"
    )
    return int(found)


@pytest.fixture(scope="session")
def store(deployment: Deployment) -> Iterator[Store]:
    """The deployed store."""
    with Store(deployment) as connected:
        yield connected


@pytest.fixture
def shelf(deployment: Deployment) -> Iterator[Callable[[], Connection]]:
    """Opens connections to the store's database as its superuser; only in an embedded cloud."""
    assert deployment.home
    cloud = Cloud.load(deployment.home)
    assert cloud
    opened: list[Connection] = []

    def connect() -> Connection:
        opened.append(postgres.connect(cloud, "store"))
        opened[-1].run("SET search_path = store")
        return opened[-1]

    yield connect
    for connection in opened:
        with suppress(OSError, Error):  # a test may have ended its server
            connection.close()


@pytest.fixture
def new_product(shelf: Callable[[], Connection]) -> Iterator[NewProduct]:
    """Puts a product on the shelf, which goes again after the test with every order of it."""
    made: list[str] = []

    def put(
        stock: int, *, name: str = "A test", description: str = "", price_amount: int = 1450
    ) -> str:
        made.append(f"TEST-{uuid.uuid4().hex[:12].upper()}")
        shelf().run(
            "INSERT INTO products (sku, name, description, price_amount, stock, image) "
            "VALUES (:sku, :name, :description, :price, :stock, 'images/mug.svg')",
            sku=made[-1],
            name=name,
            description=description,
            price=price_amount,
            stock=stock,
        )
        return made[-1]

    yield put
    owner = shelf()
    wanted = "SELECT order_id FROM order_lines WHERE sku = ANY(:made)"
    orders = [order for [order] in owner.run(wanted, made=made)]
    owner.run("DELETE FROM order_lines WHERE order_id = ANY(:orders)", orders=orders)
    owner.run("DELETE FROM orders WHERE id = ANY(:orders)", orders=orders)
    owner.run("DELETE FROM products WHERE sku = ANY(:made)", made=made)
