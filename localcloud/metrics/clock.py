"""The clock of the embedded cloud: the machine's, which a drill can put forward.

How far it is ahead is kept in a file in the state folder, which this user alone can write. The
emulator's CloudWatch, SQS and SNS read this clock instead of the machine's.
"""

import json
import time
from pathlib import Path
from typing import Any

MINUTE = 60


class Clock:
    """The time that the services of the cloud in this folder go by."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.ahead = read_ahead(home)

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time() + self.ahead

    def read(self) -> None:
        """Take over what a drill has written since; a clock never goes back."""
        self.ahead = max(self.ahead, read_ahead(self._home))


class ClockedTime:
    """Python's `time` module with this clock's time."""

    def __init__(self, clock: Clock) -> None:
        self.time = clock.now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def read_ahead(home: Path) -> float:
    """Return how many seconds the clock of an embedded cloud is ahead of the machine's."""
    file = file_of(home)
    return float(json.loads(file.read_text("utf-8"))["seconds_ahead"]) if file.exists() else 0.0


def file_of(home: Path) -> Path:
    """Where a drill writes how far ahead the clock is to be."""
    return home / "state" / "clock.json"
