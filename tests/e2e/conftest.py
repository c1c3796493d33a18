"""What the end-to-end tests share: items that go again, and a look at all that is stored."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api import Api
from tests.rights import within_the_rights_of_a_pipeline

__all__ = ["within_the_rights_of_a_pipeline"]

Stored = dict[str, int]


@pytest.fixture
def new_item(api: Api) -> Iterator[Callable[..., Any]]:
    """Creates items of the given attributes under new ids, and deletes them after the test."""
    made = []

    def create(**attributes: Any) -> Any:
        made.append(f"test-{uuid.uuid4()}")
        return api.call("create", id=made[-1], item=attributes).data["item"]

    yield create
    for item_id in made:
        assert api.call("delete", id=item_id).status in (200, 404)


@pytest.fixture
def stored(api: Api) -> Callable[[], Stored]:
    """Gives the version of every stored item by its id, as `list` tells them."""

    def read() -> Stored:
        found: Stored = {}
        page: dict[str, Any] = {"cursor": None}
        while True:
            members = {"cursor": page["cursor"]} if page["cursor"] else {}
            page = api.call("list", limit=100, **members).data
            found |= {item["id"]: item["version"] for item in page["items"]}
            if not page["cursor"]:
                return found

    return read
