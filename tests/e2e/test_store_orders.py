"""Orders sell what is there, once, whole, whatever happens at the same time."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pg8000.native import Connection

from tests.api import Answer
from tests.store import NewProduct, Store, key, without_lines

pytestmark = pytest.mark.embedded

Shelf = Callable[[], Connection]
CUSTOMERS = 200


def test_two_hundred_orders_at_once_sell_fifty_and_the_same_keys_nothing_more(
    store: Store, shelf: Shelf, new_product: NewProduct
) -> None:
    sku, keys = new_product(50), [key() for _ in range(CUSTOMERS)]

    def order_all() -> list[Answer]:
        with ThreadPoolExecutor(CUSTOMERS) as customers:
            return list(customers.map(lambda each: _insist(store, sku, each), keys))

    first, second = order_all(), order_all()

    assert Counter(answer.status for answer in first) == {201: 50, 409: 150}
    assert Counter(answer.status for answer in second) == {200: 50, 409: 150}
    for before, after in zip(first, second, strict=True):
        if before.status == 201:
            assert after.data["order"] == before.data["order"]
        else:
            assert before.error["code"] == after.error["code"] == "out_of_stock"
    owner = shelf()
    assert owner.run("SELECT stock FROM products WHERE sku = :sku", sku=sku) == [[0]]
    counted = "SELECT count(*), count(DISTINCT order_id), sum(quantity) FROM order_lines"
    assert owner.run(f"{counted} WHERE sku = :sku", sku=sku) == [[50, 50, 50]]
    assert without_lines(owner) == 0


def test_what_looks_like_sql_or_html_is_text(store: Store, new_product: NewProduct) -> None:
    name = "Robert'); DROP TABLE store.orders; --"
    description = '<img src=x onerror=alert(1)>" OR 1=1 :key %s $1'
    sku = new_product(2, name=name, description=description)

    product = store.get(f"/api/products/{sku}").data["product"]
    order = store.place({sku: 1}).data["order"]

    assert (product["name"], product["description"]) == (name, description)
    assert order["lines"][0]["name"] == name
    assert store.get(f"/api/orders/{order['id']}").data["order"] == order


def _insist(store: Store, sku: str, order_key: str) -> Answer:
    """Order one, again with its key while the store is busy: a slow machine makes locks wait."""
    while (answer := store.place({sku: 1}, order_key)).status == 503:
        time.sleep(float(answer.headers["retry-after"]))
    return answer
