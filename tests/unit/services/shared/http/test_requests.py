"""A body that no operation could need is refused before it is read."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from services.shared.http import exact_json, requests
from services.shared.http.errors import RequestTooLarge
from services.shared.items import models
from services.shared.items.models import MAX_REQUEST_LENGTH
from services.store_api.models import MAX_ORDER_LENGTH
from tests.unit.services import fakes
from tests.unit.services.fakes.items_api import ItemsApi
from tests.unit.services.fakes.partner_api import Partner
from tests.unit.services.fakes.store_api import Store

Send = Callable[[str, bool], Any]


def items_api(body: str, encoded: bool) -> Any:
    return ItemsApi(fakes.SecretsManager())(body, isBase64Encoded=encoded)


def partner_api(body: str, encoded: bool) -> Any:
    return Partner()("POST", "/items", body=body, isBase64Encoded=encoded)


def store_api(body: str, encoded: bool) -> Any:
    return Store()("POST /api/orders", body, key="k" * 16, isBase64Encoded=encoded)


every_api = pytest.mark.parametrize(
    ("send", "limit"),
    [
        (items_api, MAX_REQUEST_LENGTH),
        (partner_api, MAX_REQUEST_LENGTH),
        (store_api, MAX_ORDER_LENGTH),
    ],
)


@every_api
@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_over_the_bound_is_a_413_that_nobody_decoded_or_parsed(
    send: Send, limit: int, encoded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: Any, **__: Any) -> None:
        pytest.fail("the body was read")

    monkeypatch.setattr(exact_json, "parse", read)
    monkeypatch.setattr(base64, "b64decode", read)
    # Base64 makes four characters of three bytes, and here of one or two more.
    length = (limit + 2) // 3 * 4 + 4 if encoded else limit + 1

    status, answer = send("1" * length, encoded)

    assert (status, answer["error"]["code"]) == (413, "request_too_large")
    assert answer["error"]["details"] == [
        {"field": "body", "problem": "is too long", "allowed": f"at most {limit} characters"}
    ]


@every_api
@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_of_the_bound_is_read(send: Send, limit: int, encoded: bool) -> None:
    body = " " * (limit - 2) + "[]"
    given = base64.b64encode(body.encode()).decode() if encoded else body

    status, answer = send(given, encoded)

    assert (status, answer["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("character", ["\0", "é", "\U0001f375"])
def test_the_largest_item_is_within_the_bound_with_every_character_escaped(character: str) -> None:
    count = models.MAX_ITEM_BYTES // len(character.encode()) - 200
    item = json.dumps({"operation": "create", "item": {"a": character * count}}, ensure_ascii=True)

    assert items_api(item, False)[0] == 201


def test_a_long_id_and_every_other_field_fit_beside_the_largest_item() -> None:
    with_all = {
        "operation": "update",
        "id": "\u00e9" * 128,
        "mode": "replace",
        "expected_version": 10**15,
        "item": {},
    }

    assert len(json.dumps(with_all)) < MAX_REQUEST_LENGTH - 6 * models.MAX_ITEM_BYTES


def test_the_largest_order_is_far_below_the_bound() -> None:
    line = {"sku": "\u00e9" * 32, "quantity": 99}

    assert len(json.dumps({"lines": [line] * 50}, indent=4)) < MAX_ORDER_LENGTH // 2


class Counted(list[Any]):
    """A list that counts how many of its parts were looked at."""

    seen = 0

    def __iter__(self) -> Any:
        for part in super().__iter__():
            Counted.seen += 1
            yield part


def parts_seen(value: Any, nested: bool) -> int:
    """How many parts of a list are looked at until an item that holds it is too large."""
    Counted.seen = 0
    with pytest.raises(models.ItemTooLarge):
        models.size_of({"a": [[Counted(value)]]} if nested else Counted(value))
    return Counted.seen


@pytest.mark.parametrize("nested", [False, True])
def test_an_item_is_measured_no_further_than_it_may_be_large(nested: bool) -> None:
    # Each takes 100 bytes, and one more in its list, which is counted first.
    strings = ["x" * 100] * 100_000

    assert parts_seen(strings, nested) == (models.MAX_ITEM_BYTES - 100_000) // 100


@pytest.mark.parametrize("nested", [False, True])
def test_no_part_is_measured_of_a_list_with_more_parts_than_an_item_has_bytes(nested: bool) -> None:
    assert parts_seen([1] * models.MAX_ITEM_BYTES, nested) == 0


def test_what_came_before_leaves_less_room_for_what_comes() -> None:
    Counted.seen = 0

    with pytest.raises(models.ItemTooLarge):
        models.size_of({"before": "x" * 400_000, "a": Counted(["x" * 100] * 1_000)})

    assert Counted.seen <= 9_600 // 100


def test_the_limit_is_told() -> None:
    with pytest.raises(RequestTooLarge, match="larger than 3 characters"):
        requests.json_body({"body": "1234"}, limit=3)
