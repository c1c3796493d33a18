"""What the emulator keeps, saved to and restored from the state file.

Changes: A service is written whole when a request changed it, what grows with use entry by entry
    (`entries.py`). A function's old code goes once that is saved.
Original: Each service is written whole, as JSON, when the emulator is stopped gracefully. Code goes
    before the saved state has ceased to name it.
Ours: the emulator keeps what it promises; this one may be killed.
"""

import copy
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack import app as emulator
from ministack.core import persistence
from ministack.services import cloudformation, lambda_svc

from localcloud.engine.entries import Items, Locks
from localcloud.engine.handlers import CHANGING
from localcloud.engine.internals import need, replace
from localcloud.engine.stacks import is_in_progress
from localcloud.state import Change, State

_log = logging.getLogger(__name__)
# Their `get_state` only copies, and at great cost; what is written at once needs no copy.
_UNCOPIED = ("cloudformation", "cloudwatch", "cloudwatch_logs", "dynamodb", "secretsmanager", "sqs")
_LOCKS = ("_object_retention", "_object_legal_hold")


class Storage:
    """The emulator's services, and the file that they are saved in."""

    def __init__(self, folder: Path):
        """Take the place of the emulator's own persistence."""
        self._state = State(folder)
        self._items = Items()
        self._locks = [Locks(name) for name in _LOCKS]
        self._written: dict[str, int] = {}
        self._states = need(emulator, "_build_persistence_save_dict")
        self._as_json = need(persistence, "_json_default")
        self._from_json = need(persistence, "_json_object_hook")
        self._stacks = need(cloudformation, "_stacks")
        self._code = _FunctionCode()
        replace(emulator, "load_state", self._load)
        replace(emulator, "save_all", lambda states: None)

    def save(self, services: frozenset[str] | None = None) -> None:
        """Write these services, every one by default, and each single entry that changed.

        On the event loop: nothing else may change the state while it is read.
        """
        change = Change()
        parts: list[Items | Locks] = [self._items, *self._locks]
        with CHANGING:
            for name, get_state in self._states().items():
                if services is None or name in services:
                    self._add(change, name, get_state, needed=services is not None)
            for part in parts:
                part.add_to(change)
        self._state.save(change)
        self._written |= {name: hash(text) for name, text in change.services.items()}
        for part in parts:
            part.saved()
        self._code.prune()

    def deploying(self) -> bool:
        """Whether CloudFormation is at work, which changes any service without a request."""
        return any(map(is_in_progress, list(self._stacks.all_values())))

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
        except Exception:
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
            return None
        data = json.loads(text, object_hook=self._from_json)
        if name == "dynamodb":
            self._items.restore(data["tables"], self._state)
        if name == "s3":
            for locks in self._locks:
                locks.restore(self._state)
        return data


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
