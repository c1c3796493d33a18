"""Concurrent updates with `expected_version` lose nothing."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.api import Api

UPDATES = 200
CLIENTS = 4


def test_two_hundred_concurrent_updates_lose_none(api: Api, new_item: Callable[..., Any]) -> None:
    item_id = new_item(count=0)["id"]
    api.token()  # one for all, not one for each thread

    with ThreadPoolExecutor(CLIENTS) as clients:
        conflicts = list(clients.map(lambda _: _increment(api, item_id), range(UPDATES)))

    item = api.call("read", id=item_id).data["item"]
    assert (item["count"], item["version"]) == (UPDATES, UPDATES + 1)
    assert sum(conflicts) > 0, "no two updates met: nothing was shown"


def test_of_two_hundred_updates_at_once_expecting_one_version_one_is_done(
    api: Api, new_item: Callable[..., Any]
) -> None:
    item = new_item(winner=None)
    api.token()

    def claim(client: int) -> int:
        answer = _patient(
            lambda: api.call(
                "update", id=item["id"], item={"winner": client}, expected_version=item["version"]
            )
        )
        return int(answer.status)

    with ThreadPoolExecutor(UPDATES) as clients:
        statuses = list(clients.map(claim, range(UPDATES)))

    after = api.call("read", id=item["id"]).data["item"]
    assert (statuses.count(200), statuses.count(409)) == (1, UPDATES - 1)
    assert (after["winner"], after["version"]) == (statuses.index(200), item["version"] + 1)


def _increment(api: Api, item_id: str) -> int:
    """Add one to the item's count; how many conflicts it took."""
    conflicts = 0
    while True:
        item = _patient(lambda: api.call("read", id=item_id)).data["item"]
        count, version = item["count"] + 1, item["version"]
        answer = _patient(
            lambda count=count, version=version: api.call(  # type: ignore[misc]  # bound now
                "update", id=item_id, item={"count": count}, expected_version=version
            )
        )
        if answer.status == 200:
            return conflicts
        assert answer.status == 409, answer.text
        conflicts += 1
        time.sleep(random.uniform(0, 0.02 * min(conflicts, 5)))  # noqa: S311  # jitter


def _patient(call: Callable[[], Any]) -> Any:
    """The answer of a call, made again while the stage is throttling."""
    while (answer := call()).status == 429:
        time.sleep(0.1)
    return answer
