"""The store's API, from the gateway's event to the answer, over a shop in memory."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared.http import requests
from services.shared.http.errors import Unavailable
from services.store_api import handler
from services.store_api.cdn import HEADER, OriginKey
from services.store_api.models import KeyInUse, OrderNotFound, OutOfStock, ProductNotFound
from services.store_api.repository import PostgresShop
from services.store_api.validators import VALIDATORS
from tests.unit.services import fakes
from tests.unit.services.fakes.store_api import Store
from tests.unit.services.fakes.strategies import documents

API = json.loads(Path("docs/api/store.openapi.json").read_text("utf-8"))
KEY = "a-key-of-a-checkout"
MUGS = {"lines": [{"sku": "MUG", "quantity": 2}]}
UNKNOWN_ORDER = "0b8f7d0e-3c67-4b0f-9d51-2f6f0e7a9c11"


@pytest.fixture
def store() -> Store:
    return Store()


def described(name: str, body: Any) -> None:
    """The answer is as the description says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    jsonschema_rs.validator_for(schema).validate(body)


def test_products_are_listed_and_read(store: Store) -> None:
    status, listed = store("GET /api/products")
    described("ProductsAnswer", listed)
    status_of_one, one = store("GET /api/products/{sku}", sku="TOTE")
    described("ProductAnswer", one)

    assert (status, status_of_one) == (200, 200)
    assert one["data"]["product"] == listed["data"]["products"][1]


def test_a_page_may_be_kept_by_the_cdn_for_seconds_and_an_error_by_nobody() -> None:
    store = Store()

    def cache_control(query: dict[str, str]) -> str:
        answer = requests.serve(store.event("GET /api/products", query=query), store.run)
        return str(answer["headers"]["cache-control"])

    assert cache_control({"limit": "1"}) == "max-age=0, s-maxage=5"
    assert cache_control({"limit": "0"}) == "no-store"


def test_a_page_has_the_products_after_its_cursor_and_the_last_one_says_so(store: Store) -> None:
    _, first = store("GET /api/products", query={"limit": "1"})
    _, last = store("GET /api/products", query={"limit": "1", "cursor": first["data"]["cursor"]})

    described("ProductsAnswer", first)
    described("ProductsAnswer", last)
    pages = [[each["sku"] for each in page["data"]["products"]] for page in (first, last)]
    assert pages == [["MUG"], ["TOTE"]]
    assert last["data"]["cursor"] is None


def test_an_order_is_placed_once_and_found_by_its_id(store: Store) -> None:
    status, placed = store("POST /api/orders", MUGS, key=KEY)
    again, repeated = store("POST /api/orders", MUGS, key=KEY)
    _, found = store("GET /api/orders/{id}", id=placed["data"]["order"]["id"])

    described("OrderAnswer", placed)
    assert (status, again) == (201, 200)
    assert placed["data"] == repeated["data"] == found["data"]
    assert placed["data"]["order"]["total"] == {"amount": 2900, "currency": "EUR"}
    assert list(store.shop.orders) == [KEY]


@pytest.mark.parametrize(
    ("call", "status", "code", "details"),
    [
        (("GET /api/products/{sku}", {"sku": "LAMP"}), 404, "product_not_found", None),
        (("GET /api/orders/{id}", {"id": UNKNOWN_ORDER}), 404, "order_not_found", None),
    ],
)
def test_what_is_not_there_is_said_so(
    store: Store, call: Any, status: int, code: str, details: Any
) -> None:
    route, path = call
    answered, body = store(route, **path)

    described("Failure", body)
    assert (answered, body["error"]["code"]) == (status, code)
    assert body["error"].get("details") == details


def test_an_order_beyond_the_stock_is_refused_with_what_is_left(store: Store) -> None:
    status, body = store(
        "POST /api/orders", {"lines": [{"sku": "MUG", "quantity": 3}]}, key="k" * 16
    )

    described("Failure", body)
    assert (status, body["error"]["code"]) == (409, "out_of_stock")
    assert body["error"]["details"] == {"sku": "MUG", "wanted": 3, "left": 2}
    assert store.shop.orders == {}


def test_a_key_with_another_order_is_refused(store: Store) -> None:
    store("POST /api/orders", MUGS, key=KEY)

    status, body = store("POST /api/orders", {"lines": [{"sku": "TOTE", "quantity": 1}]}, key=KEY)

    described("Failure", body)
    assert (status, body["error"]["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("call", "field", "problem"),
    [
        ({"body": MUGS}, "header.Idempotency-Key", "is missing"),
        ({"body": MUGS, "key": "short"}, "header.Idempotency-Key", "does not have the form"),
        ({"body": MUGS, "key": "k" * 16 + "\n"}, "header.Idempotency-Key", "does not have"),
        ({"body": MUGS, "key": "k" * 65}, "header.Idempotency-Key", "has too many characters"),
        ({"body": "{", "key": KEY}, "body", "is not JSON"),
        ({"body": [], "key": KEY}, "order", "is not an object"),
        ({"body": {"lines": []}, "key": KEY}, "order.lines", "has fewer than 1"),
        ({"body": {"lines": MUGS["lines"] * 2}, "key": KEY}, "order.lines[1].sku", "occurs in two"),
        (
            {"body": {"lines": [*MUGS["lines"], {"sku": "TOTE", "quantity": 0}]}, "key": KEY},
            "order.lines[1].quantity",
            "is less than 1",
        ),
        ({"body": {**MUGS, "total": 1}, "key": KEY}, "order.total", "is not allowed here"),
        ({"route": "GET /api/products/{sku}", "sku": "' OR 1=1"}, "path.sku", "does not have"),
        ({"route": "GET /api/orders/{id}", "id": "1"}, "path.id", "does not have the form"),
        *(
            ({"route": "GET /api/products", "query": {name: given}}, f"query.{name}", problem)
            for name, given, problem in (
                ("limit", "0", "is less than 1"),
                ("limit", "101", "is greater than 100"),
                ("limit", "9" * 5000, "is not an integer"),
                ("limit", "1,2", "is not an integer"),  # the gateway's way to give both of two
                ("cursor", "0.' OR 1=1", "does not have the form"),
                ("cursor", "MUG", "does not have the form"),
                ("page", "2", "is not allowed here"),
            )
        ),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(
    store: Store, call: Any, field: str, problem: str
) -> None:
    status, body = store(call.pop("route", "POST /api/orders"), **call)

    described("Failure", body)
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    [detail] = body["error"]["details"]
    assert detail["field"] == field
    assert detail["problem"].startswith(problem)
    assert store.shop.orders == {}


@given(
    st.fixed_dictionaries({"lines": st.lists(documents, max_size=3)}) | documents,
    st.text(max_size=70),
)
def test_any_request_is_placed_or_refused_precisely(body: Any, key: str) -> None:
    status, answer = Store()("POST /api/orders", json.dumps(body), key=key)

    assert status in (201, 400, 404, 409)
    described("OrderAnswer" if status == 201 else "Failure", answer)


def test_a_database_that_is_down_is_a_clear_503_with_retry_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: Any, **_given: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(PostgresShop, "products", down)
    monkeypatch.setattr(OriginKey, "check", lambda *_: None)

    response = handler.lambda_handler(fakes.http_event("GET /api/products"), None)

    assert response["statusCode"] == 503
    assert response["headers"]["retry-after"]
    described("Failure", json.loads(response["body"]))


@pytest.mark.parametrize("given", ["", "the-cdns-kez", "the-cdns-key,the-cdns-key", "\udc80"])
def test_whoever_does_not_come_through_the_cdn_is_refused_and_orders_nothing(
    store: Store, given: str
) -> None:
    sent = {"idempotency-key": KEY, HEADER: given}

    status, body = store("POST /api/orders", MUGS, headers=sent)

    described("Failure", body)
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert store.shop.orders == {}


def test_not_even_health_is_told_past_the_cdn(store: Store) -> None:
    assert store("GET /api/health", headers={HEADER: "a guess"})[0] == 403


def test_health_says_up_or_down_and_nothing_else(store: Store) -> None:
    status, up = store("GET /api/health")
    sick = Store()
    sick.down.add("database")
    status_of_sick, down = sick("GET /api/health")

    described("HealthUp", up)
    described("HealthDown", down)
    assert (status, status_of_sick) == (200, 503)


@pytest.mark.parametrize(
    ("route", "status", "code", "allowed"),
    [
        ("GET /api/carts", 404, "not_found", None),
        ("DELETE /api/products/{sku}", 405, "method_not_allowed", "GET"),
    ],
)
def test_a_route_of_the_gateway_that_the_table_does_not_know_is_no_bug_of_the_store(
    store: Store, log_lines: fakes.LogLines, route: str, status: int, code: str, allowed: str | None
) -> None:
    event = fakes.http_event(route) | {"headers": {HEADER: "the-cdns-key"}}

    answer = requests.serve(event, store.run)

    described("Failure", json.loads(answer["body"]))
    assert (answer["statusCode"], answer["headers"].get("allow")) == (status, allowed)
    [line] = log_lines()
    assert (line["operation"], line["code"], line["level"]) == ("unknown", code, "INFO")


def test_a_route_unknown_is_told_to_nobody_past_the_cdn(store: Store) -> None:
    assert store("GET /api/carts", headers={HEADER: "a guess"})[0] == 403


def test_every_route_is_described_and_has_a_validator(store: Store) -> None:
    operations = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in API["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }

    assert {key: route.name for key, route in store.routes.items()} == operations
    assert set(VALIDATORS) == set(operations.values())


class Answers:
    """A database that answers every statement with the same rows."""

    def __init__(self, *rows: list[Any]) -> None:
        self.rows = list(rows)
        self.values: dict[str, Any] = {}

    def run(self, _sql: str, **values: Any) -> list[list[Any]]:
        self.values = values
        return self.rows


def shop(*rows: list[Any]) -> PostgresShop:
    database: Any = Answers(*rows)
    return PostgresShop(database)


def test_a_row_is_a_product() -> None:
    mug = {"sku": "MUG"}

    assert shop([mug]).product("MUG") == mug


def test_a_page_asks_for_one_more_to_know_whether_there_is_another() -> None:
    database: Any = Answers([{"sku": "A"}, "-1.A"], [{"sku": "B"}, "2.B"])

    assert PostgresShop(database).products(2) == ([{"sku": "A"}, {"sku": "B"}], None)
    assert PostgresShop(database).products(1, "-7.Z-1") == ([{"sku": "A"}], "-1.A")
    assert database.values == {"shelf": -7, "sku": "Z-1", "limit": 2}


def test_no_row_is_no_product_and_null_is_no_order() -> None:
    with pytest.raises(ProductNotFound):
        shop().product("MUG")
    with pytest.raises(OrderNotFound):
        shop([None]).order(UNKNOWN_ORDER)
    assert shop([{"id": UNKNOWN_ORDER}]).order(UNKNOWN_ORDER) == {"id": UNKNOWN_ORDER}


@pytest.mark.parametrize("outcome", ["placed", "repeated"])
def test_an_order_goes_to_the_database_whole(outcome: str) -> None:
    database: Any = Answers([{"outcome": outcome, "order": {"id": UNKNOWN_ORDER}}])

    placed = PostgresShop(database).place(KEY, [{"sku": "MUG", "quantity": 2}])

    assert placed == ({"id": UNKNOWN_ORDER}, outcome == "placed")
    assert database.values == {"key": KEY, "lines": '[{"sku": "MUG", "quantity": 2}]'}


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"outcome": "out_of_stock", "sku": "MUG", "wanted": 3, "left": 2}, OutOfStock),
        ({"outcome": "unknown_product", "sku": "MUG", "wanted": 3, "left": None}, ProductNotFound),
        ({"outcome": "key_in_use"}, KeyInUse),
    ],
)
def test_what_the_database_refuses_is_told(answer: Any, refusal: Any) -> None:
    with pytest.raises(refusal):
        shop([answer]).place(KEY, [{"sku": "MUG", "quantity": 3}])
