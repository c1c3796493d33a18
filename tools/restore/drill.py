"""Rehearsal of one restore: read, restore beside, read again, compare, remove."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CliError
from tools.restore.comparison import Comparison, Reading, compare

# What begins every name that a drill makes: policies and people know it by that.
PREFIX = "restore-drill-"
# What docs/operations.md states: seconds of changes that may be lost, and until it is back.
POINT_SECONDS, TIME_SECONDS = 15 * 60, 4 * 3600
EQUAL, DIFFERENT, FAILED = "equal", "different", "not restored"
_LOOK_SECONDS = 0.2
_LONGEST_LOOK_SECONDS = 15.0
_SHOWN = 3


class Kept(Protocol):
    """Something that is kept, with the way to have it back as a copy of another name."""

    kind: str
    name: str

    def latest(self) -> datetime:
        """Tell the latest moment that can be restored."""

    def read(self) -> Reading:
        """Read all of it."""

    def restore(self, copy: str) -> None:
        """Begin to restore the latest moment under another name."""

    def is_ready(self, copy: str) -> bool:
        """Tell whether the copy can be read; raise `CliError` if it never can."""

    def read_copy(self, copy: str) -> Reading:
        """Read all of a copy."""

    def remove(self, copy: str) -> bool:
        """Go on with the removal of a copy; tell whether there is none any more."""


@dataclass(kw_only=True)
class Rehearsal:
    """What became of one restore."""

    kind: str
    name: str
    copy: str
    backed_up: datetime | None = None  # the moment that was restored
    behind: float = 0  # seconds from the latest moment that can be restored to now
    seconds: float = 0  # until the copy could be read
    comparison: Comparison | None = None
    failure: str = ""

    @property
    def verdict(self) -> str:
        """Whether the copy is equal."""
        if self.comparison is None:
            return FAILED
        return DIFFERENT if self.comparison.different else EQUAL

    def row(self) -> dict[str, Any]:
        """Tell it as a line of a table."""
        found = self.comparison
        return {
            "verdict": self.verdict,
            "kind": self.kind,
            "what": self.name,
            "backed up": f"{self.backed_up:%Y-%m-%d %H:%M:%S}" if self.backed_up else "",
            "restored in": f"{self.seconds:.1f} s",
            "there": found.source if found else "",
            "restored": found.copy if found else "",
            "said": self.failure or _said(found),
        }


def _said(found: Comparison | None) -> str:
    if found is None:
        return ""
    shown = ", ".join(found.different[:_SHOWN])
    parts = [f"{len(found.different)} differ: {shown}"] if found.different else []
    parts += [f"{found.moving} changed meanwhile: not compared"] if found.moving else []
    return "; ".join(parts)


def rehearse(kept: Kept) -> Rehearsal:
    """Restore into a copy, compare it and remove it, whatever happens.

    A restore that AWS refuses is a result. Raises `CliError` naming the copy if it is left.
    """
    done = Rehearsal(kind=kept.kind, name=kept.name, copy=PREFIX + secrets.token_hex(6))
    try:
        _compare(kept, done)
    except (CliError, ClientError, BotoCoreError) as error:
        done.comparison, done.failure = None, str(error)
    finally:
        _remove(kept, done.copy)
    return done


def _compare(kept: Kept, done: Rehearsal) -> None:
    done.behind = (datetime.now(UTC) - kept.latest()).total_seconds()
    before = kept.read()
    since, pause = datetime.now(UTC), _LOOK_SECONDS
    while (latest := kept.latest()) < since:  # so that `before` is before it
        pause = _slower(pause)
    done.backed_up, began, pause = latest, time.monotonic(), _LOOK_SECONDS
    kept.restore(done.copy)
    after = kept.read()
    while not kept.is_ready(done.copy):
        pause = _slower(pause)
    done.seconds = time.monotonic() - began
    done.comparison = compare(before, kept.read_copy(done.copy), after)


def _remove(kept: Kept, copy: str) -> None:
    pause = _LOOK_SECONDS
    try:
        while not kept.remove(copy):
            pause = _slower(pause)
    except (KeyboardInterrupt, CliError, ClientError, BotoCoreError) as error:
        why = str(error) or "interrupted"
        raise CliError(f"the {kept.kind} {copy} is left: {why}; remove it yourself") from error


def _slower(pause: float) -> float:
    """Wait, and tell how long to wait the next time."""
    time.sleep(pause)
    return min(2 * pause, _LONGEST_LOOK_SECONDS)


def are_met(done: Sequence[Rehearsal], say: Callable[[str], object]) -> bool:
    """Say what was measured beside what is stated; tell whether all of it was within that."""
    measured = (
        ("recovery point", max((each.behind for each in done), default=0), POINT_SECONDS),
        ("recovery time", max((each.seconds for each in done), default=0), TIME_SECONDS),
    )
    for what, seconds, stated in measured:
        verdict = "met" if seconds <= stated else "MISSED"
        say(f"{what}: {seconds:.1f} s at most, {stated // 60} minutes are stated: {verdict}")
    return all(seconds <= stated for _, seconds, stated in measured)
