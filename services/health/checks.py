"""Checks that run side by side and end in time, whatever what they check does."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

TIMEOUT_SECONDS = 2.0

_REASONS = {
    403: "access_denied",
    404: "not_found",
    429: "throttled",
    "AccessDeniedException": "access_denied",
    "ResourceNotFoundException": "not_found",
    "ThrottlingException": "throttled",
}


class CheckFailed(Exception):
    """The dependency answered, and it is not well; the argument is the reason's code."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. `reason` is a code, None when up; the duration is in milliseconds."""

    name: str
    duration_ms: float
    reason: str | None

    def public(self) -> dict[str, Any]:
        """The outcome as clients see it."""
        return {
            "name": self.name,
            "status": "down" if self.reason else "up",
            "duration_ms": round(self.duration_ms, 1),
            "reason": self.reason,
        }


def run(
    checks: Mapping[str, Callable[[], None]], timeout: float = TIMEOUT_SECONDS
) -> list[Outcome]:
    """Every check's outcome, after `timeout` seconds at the latest.

    A check that still hangs then is left to its own thread, which nothing waits for: an executor
    would wait for it, and its workers would run out.
    """
    started = time.perf_counter()
    done: dict[str, Outcome] = {}
    threads = {
        name: threading.Thread(target=_run, args=(name, check, done), daemon=True)
        for name, check in checks.items()
    }
    for thread in threads.values():
        thread.start()
    for thread in threads.values():
        thread.join(max(0.0, started + timeout - time.perf_counter()))
    late = (time.perf_counter() - started) * 1000
    return [done.get(name) or Outcome(name, late, "timeout") for name in checks]


def _run(name: str, check: Callable[[], None], done: dict[str, Outcome]) -> None:
    started = time.perf_counter()
    reason = None
    try:
        check()
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # an outcome
        reason = _reason(error)
    done[name] = Outcome(name, (time.perf_counter() - started) * 1000, reason)


def _reason(error: Exception) -> str:
    """The code for an exception; its text may name things that callers need not know."""
    if isinstance(error, CheckFailed):
        return str(error)
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return _REASONS.get(error.response["Error"]["Code"]) or _REASONS.get(status, "error")
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)):
        return "timeout"
    if isinstance(error, (BotoConnectionError, HTTPClientError)):
        return "unreachable"
    return "error"
