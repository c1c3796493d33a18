"""Entries of the emulator's state that are saved one by one, as they grow with use.

Changes: The items of DynamoDB's tables and the locks of S3's objects note which of them changed.
Original: They are part of their services' whole states; the locks of none.
Fault: the emulator's; its S3 would save `_object_retention` and `_object_legal_hold` with the rest
    of its state.
Ours: saving entry by entry.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import dynamodb, s3

from localcloud.engine.internals import need, replace
from localcloud.state import Rows, State


class Items:
    """The items of every table of DynamoDB."""

    def __init__(self) -> None:
        self._touched: set[tuple[str, str, str]] = set()
        self._known: dict[str, Any] = {}
        self._tables = need(dynamodb, "_tables")
        self._count = need(dynamodb, "_update_counts")
        for name in ("_set_item", "_remove_item"):
            replace(dynamodb, name, self._noted(need(dynamodb, name)))

    def _noted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def noted(table: dict[str, Any], partition: str, sort: str, *item: Any) -> Any:
            before = change(table, partition, sort, *item)
            self._touched.add((table["TableArn"], partition, sort))
            return before

        return noted

    def take_out(self, state: Any) -> None:
        """Take the items out of the service's state."""
        for table in state["tables"].all_values():
            table.pop("items", None)

    def changed(self) -> Iterator[Rows]:
        """What changed since this was called last."""
        touched, self._touched = self._touched, set()
        now = {table["TableArn"]: table["items"] for table in self._tables.all_values()}
        for arn in self._known.keys() | now:
            before, after = self._known.get(arn, {}), now.get(arn, {})
            if before is not after:  # a table that is new, gone, or had its items replaced whole
                for items in (before, after):
                    touched |= {(arn, key, sort) for key, of in items.items() for sort in of}
        self._known = now
        found: Rows = {}
        for arn, partition, sort in touched:
            item = now.get(arn, {}).get(partition, {}).get(sort)
            text = None if item is None else json.dumps(item)
            found[arn, json.dumps([partition, sort])] = text
        yield found

    def restore(self, data: Any, state: State) -> None:
        """Give each table its items again."""
        for table in data["tables"].all_values():
            items: dict[str, dict[str, Any]] = defaultdict(dict)
            for key, text in state.rows(table["TableArn"]):
                partition, sort = json.loads(key)
                items[partition][sort] = json.loads(text)
            table["items"] = items
            self._count(table)
            self._known[table["TableArn"]] = items


class Locks:
    """Object Lock's retention periods or legal holds, by object."""

    def __init__(self, name: str):
        self._part = f"s3:{name}"
        kept = need(s3, name)
        self._locks = _Noting(need(kept, "_data"))  # of all accounts, not the caller's alone
        replace(kept, "_data", self._locks)

    def take_out(self, _state: Any) -> None:
        """Nothing: no state of the service's has them."""

    def changed(self) -> Iterator[Rows]:
        """What changed since this was called last."""
        touched, self._locks.touched = self._locks.touched, set()
        yield {
            (self._part, repr(key)): json.dumps(self._locks[key]) if key in self._locks else None
            for key in touched
        }

    def restore(self, _data: Any, state: State) -> None:
        """Lock the objects again."""
        found = state.rows(self._part)
        self._locks.update((ast.literal_eval(key), json.loads(text)) for key, text in found)


class _Noting(dict[Any, Any]):
    """A mapping that notes which of its keys were set or deleted."""

    def __init__(self, found: dict[Any, Any]):
        super().__init__(found)
        self.touched: set[Any] = set()

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.touched.add(key)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self.touched.add(key)

    def pop(self, key: Any, *default: Any) -> Any:
        """As every mapping's."""
        self.touched.add(key)
        return super().pop(key, *default)
