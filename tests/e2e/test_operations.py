"""Every operation does what the API's description says."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api import Api
from tests.deployment import Deployment
from tests.lists import SEGMENTS, make_old

ATTRIBUTES = {"name": "Mug", "price": 12.5, "tags": ["kitchen"], "stock": {"berlin": 3}}
KEPT = {"id", "version", "created_at", "updated_at"}


def test_create_answers_201_with_the_attributes_and_what_the_server_keeps(api: Api) -> None:
    answer = api.call("create", item=ATTRIBUTES)

    item = answer.data["item"]
    assert answer.status == 201
    assert item.keys() == ATTRIBUTES.keys() | KEPT
    assert item["version"] == 1
    assert item["created_at"] == item["updated_at"]
    api.call("delete", id=item["id"])


def test_ids_of_the_server_sort_by_time(api: Api) -> None:
    ids = [api.call("create", item={}).data["item"]["id"] for _ in range(3)]

    assert ids == sorted(ids)
    for item_id in ids:
        api.call("delete", id=item_id)


def test_read_answers_what_was_created(api: Api, new_item: Callable[..., Any]) -> None:
    item = new_item(**ATTRIBUTES)

    assert api.call("read", id=item["id"]).data["item"] == item


def test_a_repeated_create_is_refused_and_changes_nothing(
    api: Api, new_item: Callable[..., Any]
) -> None:
    item = new_item(name="first")

    answer = api.call("create", id=item["id"], item={"name": "second"})

    assert answer.status == 409
    assert answer.error["code"] == "item_exists"
    assert api.call("read", id=item["id"]).data["item"] == item


def test_update_replaces_the_attributes(api: Api, new_item: Callable[..., Any]) -> None:
    item = new_item(name="Mug", price=1)

    updated = api.call("update", id=item["id"], item={"price": 2}).data["item"]

    assert updated.keys() == KEPT | {"price"}
    assert (updated["price"], updated["version"]) == (2, 2)
    assert updated["created_at"] == item["created_at"] < updated["updated_at"]


def test_update_merges_when_asked_to(api: Api, new_item: Callable[..., Any]) -> None:
    item = new_item(name="Mug", price=1)

    updated = api.call("update", id=item["id"], item={"price": 2}, mode="merge").data["item"]

    assert (updated["name"], updated["price"], updated["version"]) == ("Mug", 2, 2)


def test_an_update_of_a_stale_version_is_refused_with_the_current_one(
    api: Api, new_item: Callable[..., Any]
) -> None:
    item = new_item(name="Mug")
    api.call("update", id=item["id"], item={"name": "Cup"})

    answer = api.call("update", id=item["id"], item={"name": "Pot"}, expected_version=1)

    assert answer.status == 409
    assert answer.error["code"] == "version_conflict"
    assert answer.error["details"] == {"current_version": 2}
    assert api.call("read", id=item["id"]).data["item"]["name"] == "Cup"


def test_delete_answers_what_was_deleted_and_it_is_gone(api: Api) -> None:
    item = api.call("create", item=ATTRIBUTES).data["item"]

    assert api.call("delete", id=item["id"]).data["item"] == item
    assert api.call("read", id=item["id"]).status == 404


@pytest.mark.parametrize("operation", ["read", "delete"])
def test_an_item_that_is_not_there_is_not_found(api: Api, operation: str) -> None:
    answer = api.call(operation, id=f"test-{uuid.uuid4()}")

    assert answer.status == 404
    assert answer.error["code"] == "item_not_found"


def test_the_pages_of_a_list_hold_every_item_once(api: Api, new_item: Callable[..., Any]) -> None:
    made = {new_item()["id"] for _ in range(5)}
    seen = []

    page = api.call("list", limit=2).data
    while page["cursor"]:
        seen += page["items"]
        page = api.call("list", limit=2, cursor=page["cursor"]).data

    ids = [item["id"] for item in [*seen, *page["items"]]]
    assert made <= set(ids)
    assert len(ids) == len(set(ids))


def _listed(api: Api, **members: Any) -> list[str]:
    """The ids of every item that a list gives, page by page."""
    page = api.call("list", **members).data
    ids = [item["id"] for item in page["items"]]
    while page["cursor"]:
        page = api.call("list", cursor=page["cursor"], **members).data
        ids += [item["id"] for item in page["items"]]
    return ids


def test_list_is_in_the_order_of_creation(api: Api, new_item: Callable[..., Any]) -> None:
    _listed(api, limit=100)  # to the end: from then on every item has its place
    made = [new_item()["id"] for _ in range(7)]

    api.call("update", id=made[0], item={"changed": True})

    assert [item_id for item_id in _listed(api, limit=3) if item_id in made] == made


def test_the_segments_of_a_list_can_be_read_side_by_side(
    api: Api, new_item: Callable[..., Any]
) -> None:
    made = [new_item()["id"] for _ in range(9)]

    with ThreadPoolExecutor(8) as readers:
        segments = list(readers.map(lambda each: _listed(api, limit=2, segment=each), SEGMENTS))

    together = [item_id for segment in segments for item_id in segment]
    assert set(made) <= set(together)
    assert len(together) == len(set(together))


def test_a_list_of_items_older_than_its_index_has_them_all_and_brings_them_in_order(
    api: Api, new_item: Callable[..., Any], deployment: Deployment
) -> None:
    made = [new_item(n=number) for number in range(7)]
    ids = [item["id"] for item in made]
    make_old(deployment, deployment.outputs["DynamoDBTableName"], ids)

    first = api.call("list", limit=2).data
    assert set(ids) <= set(_listed(api, limit=3))
    assert api.call("list", limit=2, cursor=first["cursor"]).status == 200

    assert [item_id for item_id in _listed(api, limit=3) if item_id in ids] == ids
    assert api.call("read", id=ids[0]).data["item"] == made[0]


def test_numbers_are_kept_exactly(api: Api, new_item: Callable[..., Any]) -> None:
    numbers = b'{"big":12345678901234567890123456789012345678,"small":0.1,"tiny":1E-130}'
    item_id = new_item()["id"]

    api.post(b'{"operation":"update","id":"%b","item":%b}' % (item_id.encode(), numbers))

    text = api.call("read", id=item_id).text
    assert '"big":12345678901234567890123456789012345678' in text
    assert '"small":0.1' in text
    assert '"tiny":1E-130' in text


@pytest.mark.parametrize("text", ["a\x00b", "🍵", "\u202e", "é vs e\u0301", ""])
def test_any_unicode_text_comes_back_as_it_was_sent(
    api: Api, new_item: Callable[..., Any], text: str
) -> None:
    item = new_item(text=text)

    assert api.call("read", id=item["id"]).data["item"]["text"] == text


def test_describe_secret_tells_everything_but_a_value(api: Api) -> None:
    secret = api.call("describe_secret").data["secret"]

    assert secret.keys() == {"version_id", "last_rotated_at", "rotation_enabled", "fields"}
    assert secret["fields"] == ["password", "username"]
    assert secret["rotation_enabled"] is True


def test_the_request_id_is_in_body_and_header(api: Api) -> None:
    answer = api.call("list", limit=1)

    assert answer.body["request_id"] == answer.headers["x-request-id"]


def test_health_is_public_and_says_no_more_than_up(api: Api) -> None:
    assert api.get("/health").data == {"status": "up"}


def test_the_details_of_health_name_every_check_and_its_duration(api: Api) -> None:
    data = api.get("/health/details", token="").data

    assert data["status"] == "up"
    assert [check["name"] for check in data["checks"]] == ["table", "bucket", "secret"]
    assert all(check["duration_ms"] > 0 for check in data["checks"])
