"""The clock of the embedded cloud: the machine's, which a drill can put forward.

How far it is ahead is kept in a file in the state folder, which this user alone can write. The
emulator's CloudWatch, SQS and SNS read this clock instead of the machine's.
"""

import json
import time
from pathlib import Path
from typing import Any

from localcloud.cloud import write_private

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


def advance(home: Path, seconds: float) -> None:
    """Put a running embedded cloud's clock forward; it is noticed within a second.

    Raises:
        ValueError: The clock would go back.
    """
    if seconds < 0:
        raise ValueError(f"a clock cannot go back, as {seconds} seconds would; start a new cloud")
    write_private(_file(home), json.dumps({"seconds_ahead": read_ahead(home) + seconds}))


def read_ahead(home: Path) -> float:
    """Return how many seconds the clock of an embedded cloud is ahead of the machine's."""
    file = _file(home)
    return float(json.loads(file.read_text("utf-8"))["seconds_ahead"]) if file.exists() else 0.0


def _file(home: Path) -> Path:
    return home / "state" / "clock.json"
