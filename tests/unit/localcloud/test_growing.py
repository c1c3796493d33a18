"""Lists saved item by item."""

import json

import pytest

from localcloud.growing import Growing
from localcloud.state import State

KEY = ("account", "region", "list")


@pytest.fixture
def state(tmp_path):
    """An empty state file."""
    return State(tmp_path)


class Lists(Growing):
    """Those that a test gives it."""

    def __init__(self):
        super().__init__("logs")
        self.given = []

    def lists(self):
        return iter(self.given)


@pytest.fixture
def lists():
    """What keeps the lists of a part."""
    return Lists()


def save(state, lists, *items, told=()):
    """Save these lists; what was written."""
    lists.given = [(KEY, each, dict(told)) for each in items]
    written: dict[tuple[str, str], str | None] = {}
    for rows in lists.changed():
        state.save(rows)
        written |= rows
    return written


def restored(state):
    return {key: (items, told) for key, items, told in Lists().restored(state)}


def test_a_list_is_there_again_with_what_was_told_of_it(state, lists):
    save(state, lists, list(range(20)), told={"made": 1}.items())

    assert restored(state) == {KEY: (list(range(20)), {"made": 1})}


def test_of_a_list_that_grew_what_is_new_is_written(state, lists):
    items = list(range(20))
    save(state, lists, items)

    items.append(-1)
    rows = save(state, lists, items)

    assert list(rows.values()) == ["-1"]
    assert restored(state)[KEY][0] == items


def test_of_a_list_that_is_as_it_was_nothing_is_written(state, lists):
    items = [1]
    save(state, lists, items)

    assert not save(state, lists, items)


@pytest.mark.parametrize("count", [1, 19, 20])
def test_what_a_list_lost_at_its_front_is_gone(state, lists, count):
    items: list[int | str] = list(range(20))
    save(state, lists, items)

    lists.trim(KEY, items, count)
    save(state, lists, items)
    lists.trim(KEY, items, 0)
    items.append("a")
    save(state, lists, items)

    assert restored(state) == {KEY: ([*range(count, 20), "a"], {})}


def test_what_was_never_saved_is_trimmed_like_the_rest(state, lists):
    items = [1, 2]
    lists.trim(KEY, items, 1)
    save(state, lists, items)
    items += [3, 4]

    lists.trim(KEY, items, 2)
    save(state, lists, items)

    assert restored(state)[KEY][0] == [4]


def test_a_list_in_the_place_of_another_leaves_none_of_that(state, lists):
    save(state, lists, list(range(20)))

    save(state, lists, ["new"])

    assert restored(state)[KEY][0] == ["new"]


def test_what_is_told_of_a_list_is_kept_as_it_changes(state, lists):
    empty: list[int] = []
    save(state, lists, empty, told={"made": 1}.items())

    save(state, lists, empty, told={"made": 2}.items())

    assert restored(state) == {KEY: ([], {"made": 2})}


def test_a_list_that_is_gone_leaves_no_row(state, lists):
    save(state, lists, list(range(20)))

    save(state, lists)

    assert not list(state.rows("logs"))


def test_a_restored_list_grows_on(state, lists):
    save(state, lists, list(range(20)))
    following = Lists()
    [(_, found, told)] = following.restored(state)
    found = sorted(found)  # the emulator puts its own list in the place of what it loads

    as_it_was = save(state, following, found, told=told.items())
    following.trim(KEY, found, 1)
    found.append(-1)
    save(state, following, found, told=told.items())

    assert not as_it_was
    assert restored(state)[KEY][0] == [*range(1, 20), -1]


def test_a_list_told_with_its_items_by_an_earlier_version_is_split(state):
    state.save({("logs", json.dumps(KEY)): json.dumps({"events": [1, 2], "made": 1})})
    lists = Lists()
    [(_, none, told)] = lists.restored(state)

    save(state, lists, told["events"], told={"made": 1}.items())

    assert not none
    assert restored(state) == {KEY: ([1, 2], {"made": 1})}
