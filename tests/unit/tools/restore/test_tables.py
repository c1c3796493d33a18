"""The digest of an item: the same for equal items, another for any other."""

import pytest

from tools.restore.tables import _digest

ITEM = {
    "id": {"S": "1"},
    "tags": {"SS": ["a", "b"]},
    "raw": {"B": b"x"},
    "all": {"L": [{"N": "1"}]},
}


def test_the_order_of_attributes_and_of_a_set_means_nothing() -> None:
    same = dict(reversed(ITEM.items())) | {"tags": {"SS": ["b", "a"]}}

    assert _digest(same) == _digest(ITEM)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": {"N": "1"}},
        {"tags": {"SS": ["a"]}},
        {"raw": {"B": b"y"}},
        {"all": {"L": [{"N": "2"}]}},
        {"more": {"BOOL": False}},
    ],
)
def test_any_other_item_has_another(changed: dict[str, object]) -> None:
    assert _digest(ITEM | changed) != _digest(ITEM)
