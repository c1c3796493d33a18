"""Both homes of items keep the same promises: one in memory, one in DynamoDB."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings

from services.shared import aws
from services.shared.http.errors import InvalidRequest
from services.shared.ids import new_id
from services.shared.items.models import (
    Item,
    ItemExists,
    ItemNotFound,
    ItemTooLarge,
    VersionConflict,
)
from services.shared.items.repository import DynamoItems, Mode
from tests.unit.services import fakes
from tests.unit.services.environment import TABLE
from tests.unit.services.fakes.items_api import MemoryItems
from tests.unit.services.fakes.strategies import attributes

MORNING, NOON = "2026-11-22T09:00:00.000000Z", "2026-11-22T12:00:00.000000Z"
MUG = Item(
    id="mug",
    attributes={"name": "Mug", "tags": ["a", None, True], "price": 12},
    version=1,
    created_at=MORNING,
    updated_at=MORNING,
)


@pytest.fixture(params=["memory", "dynamodb", "dynamodb of owners"])
def items(request: Any) -> Any:
    if request.param == "memory":
        return MemoryItems()
    return dynamo_items() if request.param == "dynamodb" else OfOwners().items("one")


def dynamo_items() -> Any:
    return DynamoItems(fakes.dynamodb(), TABLE)


class OfOwners:
    """A table whose items have owners."""

    def __init__(self) -> None:
        self.client = fakes.dynamodb(keys=("owner", "id"))

    def items(self, owner: str) -> Any:
        return DynamoItems(self.client, TABLE, owner)


def change(
    items: DynamoItems,
    given: Any,
    *,
    item_id: str = "mug",
    mode: Mode = "replace",
    expected: int | None = None,
    at: str = NOON,
) -> Any:
    item = replace(MUG, id=item_id, attributes=given, updated_at=at)
    return items.change(item, mode=mode, expected_version=expected)


def test_an_added_item_can_be_read(items: DynamoItems) -> None:
    items.add(MUG)

    assert items.get("mug") == MUG


def test_an_item_is_not_added_twice(items: DynamoItems) -> None:
    items.add(MUG)

    with pytest.raises(ItemExists):
        items.add(replace(MUG, attributes={}, created_at=NOON))
    assert items.get("mug") == MUG


def test_an_item_that_is_not_there_can_be_neither_read_changed_nor_removed(
    items: DynamoItems,
) -> None:
    for step in (
        lambda: items.get("mug"),
        lambda: items.remove("mug"),
        lambda: change(items, {}),
        lambda: change(items, {}, expected=1),
    ):
        with pytest.raises(ItemNotFound):
            step()


def test_a_replacement_leaves_nothing_of_the_old_attributes(items: DynamoItems) -> None:
    items.add(MUG)

    changed = change(items, {"colour": "blue"})

    expected = replace(MUG, attributes={"colour": "blue"}, version=2, updated_at=NOON)
    assert changed == items.get("mug") == expected


def test_a_merge_replaces_the_attributes_of_the_same_name_and_only_those(
    items: DynamoItems,
) -> None:
    items.add(MUG)

    changed = change(items, {"tags": {}, "colour": "blue"}, mode="merge")

    assert changed.attributes == {"name": "Mug", "tags": {}, "price": 12, "colour": "blue"}
    assert items.get("mug") == changed


def test_a_merge_of_nothing_is_a_new_version_of_the_same(items: DynamoItems) -> None:
    items.add(MUG)

    assert change(items, {}, mode="merge") == replace(MUG, version=2, updated_at=NOON)


def test_a_merge_of_a_hundred_attributes_with_long_names_is_one_step(items: DynamoItems) -> None:
    items.add(MUG)
    many = {f"{number:0128}".replace("0", "a", 1): number for number in range(100)}

    assert change(items, many, mode="merge", expected=1).attributes == MUG.attributes | many


def test_an_update_of_a_stale_version_is_refused_and_changes_nothing(items: DynamoItems) -> None:
    items.add(MUG)
    second = change(items, {"n": 1}, expected=1)

    with pytest.raises(VersionConflict) as conflict:
        change(items, {"n": 2}, expected=1, at=MORNING)
    assert conflict.value.details == {"current_version": 2}
    assert items.get("mug") == second


def test_a_removed_item_is_gone_and_was_what_it_was(items: DynamoItems) -> None:
    items.add(MUG)

    assert items.remove("mug") == MUG
    with pytest.raises(ItemNotFound):
        items.get("mug")


@pytest.fixture(scope="module")
def table() -> Any:
    return dynamo_items()


@settings(max_examples=30)
@given(given_attributes=attributes)
def test_a_table_gives_back_exactly_what_was_put_into_it(
    table: DynamoItems, given_attributes: dict[str, Any]
) -> None:
    item = replace(MUG, id=new_id(), attributes=given_attributes)

    table.add(item)

    assert table.get(item.id) == item


def test_a_merge_that_makes_an_item_too_large_is_told_as_that() -> None:
    items = dynamo_items()
    items.add(replace(MUG, attributes={"a": "x" * 300_000}))

    with pytest.raises(ItemTooLarge):
        change(items, {"b": "x" * 300_000}, mode="merge")
    assert items.get("mug").version == 1


def answered(status: int, code: str, message: str = "", **more: Any) -> Any:
    """Items in a table that answers everything with one error."""
    body = json.dumps({"__type": f"com.amazonaws.dynamodb#{code}", "message": message, **more})
    client = fakes.answering(aws.client("dynamodb"), lambda _: (status, body.encode()))
    return DynamoItems(client, TABLE)


def test_nesting_that_only_dynamodb_minds_is_an_invalid_request() -> None:
    items = answered(400, "ValidationException", "Nesting Levels have exceeded supported limits")

    with pytest.raises(InvalidRequest):
        items.add(MUG)


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_an_error_nobody_foresaw_stays_what_it_is(code: str) -> None:
    with pytest.raises(ClientError):
        answered(400, code).add(MUG)


class LostAnswer:
    """A DynamoDB client that loses the first answer, so that botocore sends the call again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_item(self, **call: Any) -> Any:
        self._client.put_item(**call)
        return self._client.put_item(**call)

    def update_item(self, **call: Any) -> Any:
        self._client.update_item(**call)
        return self._client.update_item(**call)

    def get_item(self, **call: Any) -> Any:
        return self._client.get_item(**call)


def test_a_write_repeated_because_its_answer_was_lost_has_been_done_once() -> None:
    items = DynamoItems(LostAnswer(fakes.dynamodb()), TABLE)

    items.add(MUG)
    changed = change(items, {"n": 1}, expected=1)

    assert (
        changed == items.get("mug") == replace(MUG, attributes={"n": 1}, version=2, updated_at=NOON)
    )


def test_an_owner_neither_sees_nor_changes_what_is_anothers() -> None:
    table = OfOwners()
    ours, theirs = table.items("one"), table.items("two")
    ours.add(MUG)

    for step in (
        lambda: theirs.get("mug"),
        lambda: theirs.remove("mug"),
        lambda: change(theirs, {"n": 1}),
        lambda: change(theirs, {"n": 1}, mode="merge"),
        lambda: change(theirs, {"n": 1}, expected=1),
        lambda: change(theirs, {"n": 1}, expected=7),
    ):
        with pytest.raises(ItemNotFound):
            step()
    assert ours.get("mug") == MUG


def test_an_id_that_another_owner_has_is_free() -> None:
    table = OfOwners()
    ours, theirs = table.items("one"), table.items("two")
    cup = replace(MUG, attributes={"name": "Cup"})
    ours.add(MUG)

    theirs.add(cup)
    theirs.remove("mug")
    theirs.add(cup)

    assert (ours.get("mug"), theirs.get("mug")) == (MUG, cup)


@pytest.mark.parametrize(("owner", "keys"), [(None, ("id",)), ("one", ("owner", "id"))])
def test_every_write_names_its_condition_or_one_key(owner: str | None, keys: Any) -> None:
    client = fakes.Listening(fakes.dynamodb(keys=keys))
    items = DynamoItems(client, TABLE, owner)

    items.add(MUG)
    change(items, {})
    change(items, {}, expected=2)
    items.remove("mug")

    add, blind, expecting, remove = [given for _, given in client.asked]
    assert add["ConditionExpression"] == "attribute_not_exists(id)"
    assert blind["ConditionExpression"] == "attribute_exists(id)"
    assert expecting["ConditionExpression"] == "attribute_exists(id) AND #version = :expected"
    for call in (blind, expecting, remove):
        assert set(call["Key"]) == set(keys)
    assert remove["ReturnValues"] == "ALL_OLD"
