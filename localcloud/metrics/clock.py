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
    """The time that a cloud's services go by, and for the rest Python's `time` module."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.ahead = read_ahead(home)

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time() + self.ahead

    time = now  # as a module that is given this clock for Python's calls it

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def read(self) -> None:
        """Take over what a drill has written since; a clock never goes back."""
        self.ahead = max(self.ahead, read_ahead(self._home))


def read_ahead(home: Path) -> float:
    """Return how many seconds the clock of an embedded cloud is ahead of the machine's."""
    file = file_of(home)
    return float(json.loads(file.read_text("utf-8"))["seconds_ahead"]) if file.exists() else 0.0


def file_of(home: Path) -> Path:
    """Where a drill writes how far ahead the clock is to be."""
    return home / "state" / "clock.json"
