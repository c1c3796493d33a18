"""Lists that grow at their end and are trimmed at their front, saved item by item."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.state import Rows, State

Key = tuple[str, ...]
Keyed = tuple[Key, list[Any], dict[str, Any]]  # a list, and what is told about it


@dataclass
class _Saved:
    """What is saved of a list: items by their numbers, which go on as the front is trimmed."""

    items: list[Any] | None = None  # the list itself: another may take its place
    told: dict[str, Any] | None = None
    start: int = 0  # the first number that is saved
    end: int = 0  # what follows the last
    first: int = 0  # the number of the list's first item


class Growing:
    """The lists of one part of the state."""

    def __init__(self, part: str):
        self._part = part
        self._saved: dict[Key, _Saved] = {}

    def lists(self) -> Iterator[Keyed]:
        """Every list there is now."""
        raise NotImplementedError

    def changed(self) -> Iterator[Rows]:
        """What changed since this was called last, list by list."""
        gone = set(self._saved)
        for key, items, told in self.lists():
            gone.discard(key)
            yield self._changed(key, items, told)
        for key in gone:
            yield self._gone(key)

    def _changed(self, key: Key, items: list[Any], told: dict[str, Any]) -> Rows:
        rows: Rows = {}
        saved = self._saved.get(key)
        if saved is None or (saved.items is not None and saved.items is not items):
            rows, saved = self._gone(key), _Saved()
        first, end = saved.first, saved.first + len(items)
        rows |= dict.fromkeys(self._row(key, number) for number in range(saved.start, first))
        if told != saved.told:
            rows[self._row(key)] = json.dumps(told)
        for number in range(max(saved.end, first), end):
            rows[self._row(key, number)] = json.dumps(items[number - first])
        self._saved[key] = _Saved(items, told, first, end, first)
        return rows

    def trim(self, key: Key, items: list[Any], count: int) -> None:
        """Drop the first items of a list."""
        del items[:count]
        if saved := self._saved.get(key):
            saved.first += count

    def restored(self, state: State) -> Iterator[Keyed]:
        """Every list that was saved."""
        found: dict[Key, dict[int, Any]] = defaultdict(dict)
        for text, row in state.rows(self._part):
            key = json.loads(text)
            number = key.pop() if isinstance(key[-1], int) else -1
            found[tuple(key)][number] = json.loads(row)
        for key, rows in found.items():
            told = rows.pop(-1, {})
            start = min(rows, default=0)
            self._saved[key] = _Saved(None, told, start, start + len(rows), start)
            yield key, [rows[number] for number in sorted(rows)], told

    def _gone(self, key: Key) -> Rows:
        saved = self._saved.pop(key, _Saved())
        rows = (self._row(key, number) for number in range(saved.start, saved.end))
        return dict.fromkeys((self._row(key), *rows))

    def _row(self, key: Key, *number: int) -> tuple[str, str]:
        return self._part, json.dumps([*key, *number])
