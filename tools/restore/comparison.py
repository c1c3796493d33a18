"""Comparison of a restored copy with what it was restored from, which may change meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

# By key: how many things are under it, and the digest of them all.
Reading = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What became of a comparison: `source` and `copy` are how many things each has."""

    source: int
    copy: int
    different: list[str]  # keys of what is lost, changed, doubled or more than there was
    moving: int  # keys that changed while the copy was made, and so are not compared


def compare(before: Reading, copy: Reading, after: Reading) -> Comparison:
    """Compare a copy with its source as it was before and after the moment that was restored.

    What is the same in both was the same at that moment, so it must be in the copy as it is there.
    """
    keys = before.keys() | copy.keys() | after.keys()
    still = {key for key in keys if before.get(key) == after.get(key)}
    return Comparison(
        source=_count(before),
        copy=_count(copy),
        different=sorted(key for key in still if copy.get(key) != before.get(key)),
        moving=len(keys - still),
    )


def _count(reading: Reading) -> int:
    return sum(count for count, _ in reading.values())
