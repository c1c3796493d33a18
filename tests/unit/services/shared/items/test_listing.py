"""A list holds every item once, the oldest first, whatever it is read in."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.http.errors import Unavailable
from services.shared.items.listing import ListedItems
from services.shared.items.models import Item
from services.shared.items.repository import SEGMENTS
from tests.unit.services import fakes
from tests.unit.services.environment import TABLE

MUG = Item(
    id="mug",
    attributes={"name": "Mug"},
    version=1,
    created_at="2026-11-22T09:00:00.000000Z",
    updated_at="2026-11-22T09:00:00.000000Z",
)
KEYS = {None: ("id",), "one": ("owner", "id")}


class Table:
    """A table whose lists are in order, and what it was asked."""

    def __init__(self, owner: str | None, client: Any = None) -> None:
        self.owner = owner
        self.client: Any = fakes.Listening(client or fakes.dynamodb(keys=KEYS[owner]))
        self.items: Any = self.of(owner)
        self.items.page(limit=1, after=None, segment=None)
        self.client.asked.clear()

    def of(self, owner: str | None) -> Any:
        return ListedItems(self.client, TABLE, owner)

    def add(self, *ids: str, **attributes: Any) -> None:
        """Add items, each made a minute after the one before."""
        for minute, item_id in enumerate(ids):
            made = f"2026-11-22T09:{minute:02}:00.000000Z"
            given = attributes or MUG.attributes
            self.items.add(replace(MUG, id=item_id, created_at=made, attributes=given))

    def put_old(self, *ids: str) -> None:
        """Keep items as a version wrote them that knew of no list."""
        self.add(*ids)
        for item_id in ids:
            self.client.update_item(
                TableName=TABLE,
                Key=self.key(item_id),
                UpdateExpression="REMOVE listed_in, listed_at",
            )
        self.client.delete_item(TableName=TABLE, Key=self.key("#placed"))

    def key(self, item_id: str) -> Any:
        owner = {"owner": {"S": self.owner}} if self.owner else {}
        return {**owner, "id": {"S": item_id}}


@pytest.fixture(params=[None, "one"], ids=["of all", "of an owner"])
def table(request: Any) -> Table:
    return Table(request.param)


def pages(items: Any, limit: int = 3, segment: int | None = None) -> Iterator[list[str]]:
    after = None
    while True:
        page, after = items.page(limit=limit, after=after, segment=segment)
        yield [item.id for item in page]
        if after is None:
            return


def everything(items: Any, limit: int = 3, segment: int | None = None) -> list[str]:
    return [item_id for page in pages(items, limit, segment) for item_id in page]


IDS = ["zebra", "mug", "ant", "b.7", "cup", "Z", "dog"]


def test_items_come_in_the_order_of_their_creation(table: Table) -> None:
    table.add(*IDS)

    assert list(pages(table.items)) == [["zebra", "mug", "ant"], ["b.7", "cup", "Z"], ["dog"]]


def test_a_page_that_ends_with_the_list_has_no_next(table: Table) -> None:
    table.add(*IDS)

    assert table.items.page(limit=len(IDS), after=None, segment=None)[1] is None


def test_items_of_one_moment_are_each_listed_once(table: Table) -> None:
    for item_id in IDS:
        table.items.add(replace(MUG, id=item_id))

    assert everything(table.items, limit=2) == sorted(IDS)


def test_the_segments_together_hold_every_item_once_and_each_in_order(table: Table) -> None:
    ids = [f"mug-{number:02}" for number in range(40)]
    table.add(*ids)

    segments = [everything(table.items, segment=segment) for segment in range(SEGMENTS)]

    assert sorted(item_id for segment in segments for item_id in segment) == ids
    assert all(segment == sorted(segment) for segment in segments)
    assert all(len(segment) < len(ids) / 2 for segment in segments)


def test_a_page_reads_no_more_places_than_it_may_show_of_each_segment(table: Table) -> None:
    table.add(*IDS)
    table.client.asked.clear()

    table.items.page(limit=2, after="2026-11-22T09:02:00.000000Z ant", segment=None)

    asked = [given for operation, given in table.client.asked if operation == "query"]
    assert [given["Limit"] for given in asked] == [3] * SEGMENTS


def test_an_update_leaves_an_item_where_it_is_and_the_list_shows_it_at_once(table: Table) -> None:
    table.add(*IDS)
    changed = replace(MUG, id="ant", attributes={"n": 1}, updated_at="2026-11-23T00:00:00.000000Z")

    table.items.change(changed, mode="replace", expected_version=None)

    found, _ = table.items.page(limit=9, after=None, segment=None)
    assert [(item.id, item.version) for item in found][2] == ("ant", 2)


def test_what_a_list_shows_is_read_consistently(table: Table) -> None:
    table.add("mug")
    table.client.asked.clear()

    table.items.page(limit=1, after=None, segment=None)

    [given] = [given for operation, given in table.client.asked if operation == "batch_get_item"]
    assert given["RequestItems"][TABLE]["ConsistentRead"] is True


def test_an_item_that_the_index_still_has_and_the_table_no_longer_is_not_shown(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(*IDS)
    late = [f"2026-11-22T09:0{minute}:00.000000Z {name}" for minute, name in enumerate(IDS)]
    monkeypatch.setattr(table.items, "_places", lambda segment, *_: [] if segment else late)
    table.items.remove("mug")
    table.items.remove("Z")
    table.items.add(replace(MUG, id="Z", created_at="2026-11-22T10:00:00.000000Z"))

    assert table.items.page(limit=6, after=None, segment=None)[1] == late[5]
    assert everything(table.items, limit=9) == ["zebra", "ant", "b.7", "cup", "dog"]


def test_an_item_that_the_index_has_in_two_places_is_shown_in_the_one_that_it_has(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add("mug")
    places = ["2026-11-21T00:00:00.000000Z mug", f"{MUG.created_at} mug"]
    monkeypatch.setattr(table.items, "_places", lambda segment, *_: [] if segment else places)

    assert everything(table.items) == ["mug"]


def test_a_page_of_large_items_ends_before_it_is_larger_than_a_megabyte(table: Table) -> None:
    table.add(*IDS, text="x" * 399_000)

    assert list(pages(table.items, limit=100)) == [IDS[0:2], IDS[2:4], IDS[4:6], IDS[6:]]


def test_more_items_than_one_batch_takes_are_one_page(table: Table) -> None:
    ids = [f"mug-{number:02}" for number in range(59)]
    table.add(*ids)

    assert list(pages(table.items, limit=100)) == [ids]


def test_an_owners_list_holds_his_items_alone() -> None:
    table = Table("one")
    table.add("mug")
    for owner in ("two", "on", "onemug"):
        table.of(owner).add(replace(MUG, id=f"of-{owner}"))

    assert everything(table.items) == ["mug"]
    assert everything(table.of("three")) == []


def test_a_throttled_table_is_told_as_unavailable(table: Table) -> None:
    table.add("mug")
    answer = {"Responses": {TABLE: []}, "UnprocessedKeys": {TABLE: {"Keys": [table.key("mug")]}}}
    table.client.batch_get_item = lambda **_: answer

    with pytest.raises(Unavailable):
        table.items.page(limit=1, after=None, segment=None)


def test_items_older_than_the_index_are_listed_and_from_then_on_in_order(table: Table) -> None:
    table.put_old(*IDS)

    assert sorted(everything(table.items)) == sorted(IDS)
    assert everything(table.items) == IDS


def test_old_and_new_items_are_one_list(table: Table) -> None:
    table.put_old("zebra", "mug")
    table.items.add(replace(MUG, id="ant", created_at="2026-11-22T09:00:30.000000Z"))

    assert sorted(everything(table.items, limit=1)) == ["ant", "mug", "zebra"]
    assert everything(table.items, limit=1) == ["zebra", "ant", "mug"]


def test_a_list_that_was_not_read_to_its_end_gives_no_order_yet(table: Table) -> None:
    table.put_old(*IDS)
    first, after = table.items.page(limit=3, after=None, segment=None)

    again, again_after = table.items.page(limit=3, after=None, segment=None)

    assert (again, again_after) == (first, after)
    assert "put_item" not in [name for name, _ in table.client.asked[-6:]]


def test_a_list_goes_on_as_it_began_when_another_brings_order_meanwhile(table: Table) -> None:
    table.put_old(*IDS)
    first, after = table.items.page(limit=3, after=None, segment=None)
    everything(table.items)

    rest, _ = table.items.page(limit=100, after=after, segment=None)

    assert sorted(item.id for item in first + rest) == sorted(IDS)


def test_a_segment_of_old_items_holds_those_that_it_holds_afterwards(table: Table) -> None:
    for segment in range(SEGMENTS):
        table.put_old(*IDS)
        before = everything(table.items, segment=segment)
        assert sorted(before) == sorted(everything(table.items, segment=segment))
        for item_id in IDS:
            table.items.remove(item_id)


def test_giving_places_changes_nothing_else_of_an_item(table: Table) -> None:
    table.put_old("mug")
    before = table.items.get("mug")

    everything(table.items)

    assert table.items.get("mug") == before


def test_an_item_deleted_while_it_is_given_its_place_stays_deleted(table: Table) -> None:
    table.put_old("mug")
    update = table.client.update_item

    def late(**given: Any) -> Any:
        table.items.remove("mug")
        return update(**given)

    table.client.update_item = late

    everything(table.items)

    assert everything(table.items) == []


def test_an_old_item_without_room_for_its_place_is_named_in_the_log(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = fakes.log_lines(monkeypatch)
    table.put_old("mug")
    full = fakes.client_error("ValidationException", message="Item size has exceeded the maximum")

    def refuse(**_: Any) -> None:
        raise full

    table.client.update_item = refuse

    assert everything(table.items) == ["mug"]
    [line] = lines()
    assert (line["level"], line["item_id"]) == ("ERROR", "mug")


def test_an_error_while_places_are_given_leaves_the_list_unfinished(table: Table) -> None:
    table.put_old("mug")
    throttled = fakes.client_error("ThrottlingException")

    def refuse(**_: Any) -> None:
        raise throttled

    table.client.update_item = refuse

    with pytest.raises(ClientError) as error:
        everything(table.items)
    assert aws.code_of(error.value) == "ThrottlingException"
    del table.client.update_item
    assert everything(table.items) == ["mug"]


def test_no_item_can_have_the_id_of_the_mark() -> None:
    from services.items_api.validators import VALIDATORS
    from services.shared.http.errors import InvalidRequest

    with pytest.raises(InvalidRequest):
        VALIDATORS["create"]({"operation": "create", "id": "#placed", "item": {}})
