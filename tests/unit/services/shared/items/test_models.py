"""What holds for items before any table sees them."""

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from services.shared.http.errors import InvalidRequest
from services.shared.http.exact_json import UNKEEPABLE
from services.shared.items import models
from services.shared.items.models import Item, ItemTooLarge
from tests.unit.services import fakes
from tests.unit.services.fakes.strategies import attributes

NOW = "2026-11-22T09:30:00.123456Z"


def item_of(**given: Any) -> Any:
    return Item(id="mug", attributes=given, version=1, created_at=NOW, updated_at=NOW)


def nested(levels: int) -> Any:
    return [] if levels == 1 else [nested(levels - 1)]


def test_an_item_shows_its_attributes_and_the_kept_fields_side_by_side() -> None:
    shown = item_of(name="Mug").to_public()

    assert shown == {
        "name": "Mug",
        "id": "mug",
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("Mug", 3),
        ("\U0001f375\0", 5),
        (None, 1),
        (True, 1),
        (0, 1),
        (7, 2),
        (12, 2),
        (123, 3),
        (-123, 4),
        (1000, 2),
        (10**125, 2),
        (int("9" * 38), 20),
        (Decimal("0.001"), 2),
        (Decimal("-12.5"), 4),
        ([], 3),
        ([None, "ab"], 8),
        ({}, 3),
        ({"ab": "cd"}, 8),
    ],
)
def test_a_value_is_as_large_as_dynamodb_counts_it(value: Any, size: int) -> None:
    assert models.size_of(value) == size


@pytest.mark.parametrize(
    ("value", "field", "problem"),
    [
        (UNKEEPABLE, "item.a", "is a number that cannot be kept exactly"),
        ([1, {"b": UNKEEPABLE}], "item.a[1].b", "is a number that cannot be kept exactly"),
        ({"b": {"": 1}}, "item.a.b", "has an empty name"),
        ("x\ud800", "item.a", "has half of a surrogate pair at character 1"),
        ({"\udfff": 1}, "item.a", "has half of a surrogate pair at character 0"),
        (nested(32), "item.a" + "[0]" * 31, "is nested more than 32 levels deep"),
        (nested(900), "item.a" + "[0]" * 31, "is nested more than 32 levels deep"),
    ],
)
def test_what_a_table_cannot_hold_is_refused_with_its_field(
    value: Any, field: str, problem: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        models.check(item_of(a=value))

    detail = fakes.detail(refusal.value)
    assert (detail["field"], detail["problem"]) == (field, problem)


def test_thirty_two_levels_are_allowed_the_item_being_the_first() -> None:
    models.check(item_of(a=nested(31)))


def test_the_largest_item_is_allowed_and_a_byte_more_is_not() -> None:
    empty = models.size_of({"a": ""}) + len("mug") + 2 * len(NOW) + 2
    empty += len("idattributesversioncreated_atupdated_at")
    room = models.MAX_ITEM_BYTES - empty

    models.check(item_of(a="x" * room))
    with pytest.raises(ItemTooLarge) as refusal:
        models.check(item_of(a="x" * (room + 1)))
    assert fakes.detail(refusal.value)["problem"] == "has 409601 bytes"


@settings(max_examples=40)
@given(attributes)
def test_attributes_of_any_names_and_values_are_allowed(given: Any) -> None:
    models.check(item_of(**given))


def test_a_long_name_over_many_values_costs_no_more_than_its_length() -> None:
    started = time.process_time()

    with pytest.raises(ItemTooLarge):
        models.check(item_of(a={"x" * 1_000_000: [0] * 100_000}))

    assert time.process_time() - started < 2


def test_a_long_name_is_shortened_in_what_is_told_of_it() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        models.check(item_of(a={"x" * 1_000_000: UNKEEPABLE}))

    assert len(fakes.detail(refusal.value)["field"]) < 300
