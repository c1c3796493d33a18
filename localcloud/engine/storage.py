"""What the emulator keeps, saved to and restored from the state file.

Changes: A service is written whole when a request changed it, what grows with use entry by entry.
    A function's old code goes once that is saved.
Original: Each service is written whole, as JSON, when the emulator is stopped gracefully. Code goes
    before the saved state has ceased to name it.
Ours: the emulator keeps what it promises; this one may be killed.
"""

import copy
import gc
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app as emulator
from ministack.core import persistence
from ministack.services import cloudformation, lambda_svc

from localcloud.engine.entries import Items, Locks
from localcloud.engine.handlers import CHANGING
from localcloud.engine.internals import need, replace
from localcloud.engine.log_streams import LogStreams
from localcloud.engine.stacks import is_in_progress
from localcloud.metrics.points import Points
from localcloud.state import SERVICE, Rows, State

_log = logging.getLogger(__name__)
# Their `get_state` only copies, and at great cost; what is written at once needs no copy.
_UNCOPIED = ("cloudformation", "cloudwatch", "cloudwatch_logs", "dynamodb", "secretsmanager", "sqs")
_PIECE_SECONDS = 0.005
_MANY_OBJECTS = 50_000  # to look through so many takes some 20 ms


class Storage:
    """The emulator's services, and the file that they are saved in."""

    def __init__(self, folder: Path):
        """Take the place of the emulator's own persistence."""
        self._state = State(folder)
        self.checkpoint = self._state.checkpoint
        self.logs, self.points = LogStreams(), Points()
        locks = [Locks(name) for name in ("_object_retention", "_object_legal_hold")]
        # What is written by itself, by the service whose state it is taken out of.
        self._parts: dict[str, Sequence[Items | Locks | LogStreams | Points]] = {
            "cloudwatch": [self.points],
            "cloudwatch_logs": [self.logs],
            "dynamodb": [Items()],
            "s3": locks,
        }
        self._written: dict[str, int] = {}
        self._pending: Rows = {}  # what changed, until it is saved
        self.services = need(emulator, "_build_persistence_save_dict")  # each with its `get_state`
        self._as_json = need(persistence, "_json_default")
        self._from_json = need(persistence, "_json_object_hook")
        self._stacks = need(cloudformation, "_stacks")
        self._prune = need(lambda_svc, "_prune_orphan_code_blobs")
        self._used: set[str] | None = None  # the code that functions have, by the pending state
        replace(lambda_svc, "_prune_orphan_code_blobs", lambda used: setattr(self, "_used", used))
        replace(emulator, "load_state", self._load)
        replace(emulator, "save_all", lambda states: None)

    def save(self, services: frozenset[str] | None = None) -> None:
        """Write these services, every one by default, and each single entry that changed.

        On the event loop: nothing else may change the state while it is read.
        """
        with CHANGING:
            for _ in self._take(services):
                pass
        self._write()

    def save_in_turn(self) -> Iterator[None]:
        """Write what changed piece by piece; other things may be done in between.

        Not CloudFormation's state: while that changes, everything is saved.
        """
        rest = self._take(frozenset(self.services()) - {"cloudformation"})
        more = True
        while more:
            end = time.perf_counter() + _PIECE_SECONDS
            with CHANGING:
                while (more := next(rest, rest) is not rest) and time.perf_counter() < end:
                    pass
            self._write()
            yield
        if len(gc.get_objects(2)) > _MANY_OBJECTS:  # not each time: what is frozen is never freed
            gc.collect()
            gc.freeze()

    def _write(self) -> None:
        self._state.save(self._pending)
        self._pending = {}
        if self._used is not None:  # the saved state has ceased to name other code
            self._prune(self._used)
            self._used = None

    def deploying(self) -> bool:
        """Whether CloudFormation is at work, which changes any service without a request."""
        return any(map(is_in_progress, list(self._stacks.all_values())))

    def _take(self, services: frozenset[str] | None) -> Iterator[None]:
        """Find what changed, in small steps."""
        states = {} if services == frozenset() else self.services()
        for name in states.keys() & (states if services is None else services):
            self._take_state(name, states[name], needed=services is not None)
            yield
        for name, parts in self._parts.items():
            for part in parts if services is None or name in (*services, "dynamodb", "s3") else ():
                for rows in part.changed():
                    self._pending |= rows
                    yield

    def _take_state(self, name: str, get_state: Any, *, needed: bool) -> None:
        try:
            module = sys.modules[get_state.__module__]
            with _without_copying(module) if name in _UNCOPIED else nullcontext():
                state = get_state()
            for part in self._parts.get(name, ()):
                part.take_out(state)
            text = json.dumps(state, default=self._as_json)
        except Exception:
            if needed:
                raise
            # One of fifty services, perhaps one that nobody uses: the others are saved.
            _log.exception("the state of %s cannot be saved", name)
            return
        if state is not None and self._written.get(name) != hash(text):
            self._pending[SERVICE, name] = text
            self._written[name] = hash(text)

    def _load(self, name: str) -> Any:
        text = self._state.value(SERVICE, name)
        data = None if text is None else json.loads(text, object_hook=self._from_json)
        for part in self._parts.get(name, ()) if data else ():
            part.restore(data, self._state)
        gc.freeze()  # a collection that looked through all this would be a stall
        return data


@contextmanager
def _without_copying(module: Any) -> Iterator[None]:
    """Let a module's `copy.deepcopy` give back what it is given, in this thread alone."""
    reader, original = threading.get_ident(), need(module, "copy")

    def deepcopy(value: Any) -> Any:
        return value if threading.get_ident() == reader else copy.deepcopy(value)

    module.copy = SimpleNamespace(**vars(copy) | {"deepcopy": deepcopy})
    try:
        yield
    finally:
        module.copy = original
