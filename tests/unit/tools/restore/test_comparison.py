"""What tells a restored copy from its source: a lost, a changed, a doubled, an additional thing."""

import pytest

from tools.restore.comparison import Comparison, compare

SOURCE = {"a": (1, "of a"), "b": (1, "of b"), "part": (3, "of three")}


@pytest.mark.parametrize(
    ("copy", "different"),
    [
        ({name: SOURCE[name] for name in ("a", "part")}, ["b"]),
        (SOURCE | {"b": (1, "another")}, ["b"]),
        (SOURCE | {"part": (4, "of three")}, ["part"]),
        (SOURCE | {"part": (3, "of three others")}, ["part"]),
        (SOURCE | {"c": (1, "of c")}, ["c"]),
        ({}, ["a", "b", "part"]),
    ],
    ids=["lost", "changed", "doubled", "another row", "more", "nothing is there"],
)
def test_what_differs_is_named(copy: dict[str, tuple[int, str]], different: list[str]) -> None:
    assert compare(SOURCE, copy, SOURCE).different == different


def test_an_equal_copy_in_another_order_is_equal() -> None:
    copy = dict(reversed(SOURCE.items()))

    assert compare(SOURCE, copy, SOURCE) == Comparison(source=5, copy=5, different=[], moving=0)


def test_what_changes_while_the_copy_is_made_is_counted_and_not_compared() -> None:
    after = {"a": (1, "changed"), "part": (3, "of three"), "new": (1, "of new")}

    found = compare(SOURCE, SOURCE, after)

    assert found.moving == 3
    assert not found.different


def test_what_stays_while_others_change_is_compared() -> None:
    after = SOURCE | {"a": (1, "changed")}

    assert compare(SOURCE, SOURCE | {"b": (1, "another")}, after).different == ["b"]
