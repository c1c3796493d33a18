"""Ids that sort by the time they were made."""

import secrets
import threading
import time
import uuid

_RANDOM_BITS = 74  # of a UUIDv7, besides its time, version and variant
_STEP_BITS = 32


class _Sequence:
    """Numbers of 48 bits of milliseconds and 74 random ones, each larger than the one before.

    Within a millisecond, and while the clock stands behind the last number, the next one is the
    last and a random step: RFC 9562, section 6.2, method 2. A step that runs over carries into the
    time, which the RFC allows.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            milliseconds = time.time_ns() // 1_000_000
            if milliseconds > self._last >> _RANDOM_BITS:
                self._last = milliseconds << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
            else:
                self._last += 1 + secrets.randbits(_STEP_BITS)
            return self._last


_sequence = _Sequence()


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562); of one process, later ids sort later, whatever the clock does."""
    number = _sequence.next()
    milliseconds, random = divmod(number, 2**_RANDOM_BITS)
    high, low = divmod(random, 2**62)
    # From the left: 48 bits of time, 4 of the version, 12 random, 2 of the variant, 62 random.
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
