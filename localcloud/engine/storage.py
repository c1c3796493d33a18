"""What the emulator keeps, saved to and restored from the state file.

Changes: A service is written whole when a request changed it. What grows with use is written one by
    one: the items of DynamoDB's tables and the locks of S3's objects. A function's old code goes
    once that is saved.
Original: Each service is written whole, as JSON, when the emulator is stopped gracefully; the locks
    are forgotten; code goes before the saved state has ceased to name it.
Checked: ministack 1.5.32, 1.5.33.
"""

import ast
import copy
import json
import logging
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack import app as emulator
from ministack.core import persistence
from ministack.services import cloudformation, dynamodb, lambda_svc, s3

from localcloud.engine.internals import need, replace
from localcloud.state import Change, State

_log = logging.getLogger(__name__)
# Their `get_state` only copies, and at great cost; what is written at once needs no copy.
_UNCOPIED = ("cloudformation", "cloudwatch", "cloudwatch_logs", "dynamodb", "secretsmanager", "sqs")
_LOCKS = ("_object_retention", "_object_legal_hold")


class Storage:
    """The emulator's services, and the file that they are saved in."""

    def __init__(self, folder: Path):
        """Take the place of the emulator's own persistence.

        Raises:
            CloudError: The emulator lacks a name that this needs.
        """
        self._state = State(folder)
        self._items = _Items()
        self._locks = [_Locks(name) for name in _LOCKS]
        self._written: dict[str, int] = {}
        self._states = need(emulator, "_build_persistence_save_dict")
        self._as_json = need(persistence, "_json_default")
        self._from_json = need(persistence, "_json_object_hook")
        self._load_file = need(emulator, "load_state")
        self._stacks = need(cloudformation, "_stacks")
        self._code = _FunctionCode()
        replace(emulator, "load_state", self._load)
        replace(emulator, "save_all", lambda states: None)

    def save(self, services: set[str] | None = None) -> None:
        """Write these services, every one by default, and each single entry that changed.

        On the event loop: nothing may change the state while it is read.
        """
        change = Change()
        for name, get_state in self._states().items():
            if services is None or name in services:
                self._add(change, name, get_state, needed=services is not None)
        parts: list[_Items | _Locks] = [self._items, *self._locks]
        for part in parts:
            part.add_to(change)
        self._state.save(change)
        self._written |= {name: hash(text) for name, text in change.services.items()}
        for part in parts:
            part.saved()
        self._code.prune()

    def deploying(self) -> bool:
        """Whether CloudFormation is at work, which changes any service without a request."""
        return any(
            stack["StackStatus"].endswith("_IN_PROGRESS")
            and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
            for stack in list(self._stacks.all_values())
        )

    def _add(
        self, change: Change, name: str, get_state: Callable[[], Any], *, needed: bool
    ) -> None:
        try:
            with _without_copying(get_state.__module__, wanted=name in _UNCOPIED):
                state = get_state()
            if name == "dynamodb":
                for table in state["tables"].all_values():
                    table.pop("items", None)
            text = json.dumps(state, default=self._as_json)
        except Exception:  # pylint: disable=broad-exception-caught
            if needed:
                raise
            # One of fifty services, perhaps one that nobody uses: the others are saved.
            _log.exception("the state of %s cannot be saved", name)
            return
        if state is not None and self._written.get(name) != hash(text):
            change.services[name] = text

    def _load(self, name: str) -> Any:
        text = self._state.service(name)
        if text is None:
            # Saved by an earlier version of this project, or never.
            return self._load_file(name)
        data = json.loads(text, object_hook=self._from_json)
        if name == "dynamodb":
            self._items.restore(data["tables"], self._state)
        if name == "s3":
            for locks in self._locks:
                locks.restore(self._state)
        return data


class _Items:
    """The items of every table of DynamoDB."""

    def __init__(self) -> None:
        self._touched: set[tuple[str, str, str]] = set()
        self._taken: set[tuple[str, str, str]] = set()
        self._known: dict[str, Any] = {}
        self._now: dict[str, Any] = {}
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

    def add_to(self, change: Change) -> None:
        """Add what changed since the last save."""
        self._taken, self._touched = self._taken | self._touched, set()
        self._now = {table["TableArn"]: table["items"] for table in self._tables.all_values()}
        change.emptied |= set(self._known) - set(self._now)
        for arn, items in self._now.items():
            if self._known.get(arn) is not items:
                # A new table, or one whose items were replaced as a whole.
                change.emptied.add(arn)
                for partition, sorted_items in items.items():
                    for sort, item in sorted_items.items():
                        change.entries[arn, json.dumps([partition, sort])] = json.dumps(item)
        for arn, partition, sort in self._taken:
            if arn in self._now:
                item = self._now[arn].get(partition, {}).get(sort)
                text = None if item is None else json.dumps(item)
                change.entries[arn, json.dumps([partition, sort])] = text

    def saved(self) -> None:
        """Forget what is saved now."""
        self._known, self._taken = self._now, set()

    def restore(self, tables: Any, state: State) -> None:
        """Give each table its items again."""
        for table in tables.all_values():
            items: dict[str, dict[str, Any]] = defaultdict(dict)
            for key, text in state.entries(table["TableArn"]):
                partition, sort = json.loads(key)
                items[partition][sort] = json.loads(text)
            table["items"] = items
            self._count(table)
            self._known[table["TableArn"]] = items


class _Locks:
    """Object Lock's retention periods or legal holds, by object."""

    def __init__(self, name: str):
        self._part = f"s3:{name}"
        self._locks = _Noting(need(s3, name)._data)  # of all accounts, not the caller's alone
        need(s3, name)._data = self._locks
        self._taken: set[Any] = set()

    def add_to(self, change: Change) -> None:
        """Add what changed since the last save."""
        self._taken, self._locks.touched = self._taken | self._locks.touched, set()
        for key in self._taken:
            text = json.dumps(self._locks[key]) if key in self._locks else None
            change.entries[self._part, repr(key)] = text

    def saved(self) -> None:
        """Forget what is saved now."""
        self._taken = set()

    def restore(self, state: State) -> None:
        """Lock the objects again."""
        self._locks.update(
            {ast.literal_eval(key): json.loads(text) for key, text in state.entries(self._part)}
        )


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


class _FunctionCode:
    """The files of the functions' code: one that is no longer used goes when that is saved.

    The emulator removes it while the state is read, before the saved state has ceased to name it.
    """

    def __init__(self) -> None:
        self._used: set[str] | None = None
        self._prune = need(lambda_svc, "_prune_orphan_code_blobs")
        replace(lambda_svc, "_prune_orphan_code_blobs", self._note)

    def _note(self, used: set[str]) -> None:
        self._used = used

    def prune(self) -> None:
        """Remove the code that no function has."""
        if self._used is not None:
            self._prune(self._used)
            self._used = None


@contextmanager
def _without_copying(module_name: str, *, wanted: bool) -> Iterator[None]:
    """Let a module's `copy.deepcopy` give back what it is given, in this thread alone."""
    if not wanted:
        yield
        return
    module: Any = sys.modules[module_name]
    need(module, "copy")
    module.copy = _NoCopy()
    try:
        yield
    finally:
        module.copy = copy


class _NoCopy:
    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def deepcopy(self, value: Any) -> Any:
        return value if threading.get_ident() == self._thread else copy.deepcopy(value)

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)
