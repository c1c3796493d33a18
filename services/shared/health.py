"""Health checks: they run side by side and end in time, whatever their dependency does."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from botocore.exceptions import ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as BotoConnectionError

from services.shared import aws
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call
from services.shared.telemetry import logger

TIMEOUT_SECONDS = 2.0
# Anyone may ask: a flood of questions is answered from one look at the dependencies a second.
KEPT_SECONDS = 1.0

Check: TypeAlias = Callable[[], object]  # raises when the dependency is not well

_REASONS = {
    403: "access_denied",
    404: "not_found",
    429: "throttled",
    "AccessDeniedException": "access_denied",
    "ResourceNotFoundException": "not_found",
    "ThrottlingException": "throttled",
}


class CheckFailed(Exception):
    """The dependency answered that it is not well; the argument is the reason's code."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a check: `reason` is a code, None when up; the duration is in milliseconds."""

    name: str
    duration_ms: float
    reason: str | None


@dataclass(slots=True)
class Health:
    """Health of a function: the outcomes of its checks, kept for a second."""

    checks: Mapping[str, Check]
    clock: Callable[[], float] = time.monotonic
    _found: list[Outcome] = field(default_factory=list)
    _found_at: float = 0.0

    def outcomes(self) -> list[Outcome]:
        """Run the checks unless they ran within the last second; the log tells what is down."""
        if not self._found or self.clock() - self._found_at >= KEPT_SECONDS:
            self._found = run(self.checks)
            self._found_at = self.clock()
            down = {each.name: each.reason for each in self._found if each.reason}
            if down:
                logger.warning("unhealthy", extra={"down": down})
        return self._found

    def answer(self, call: Call, *, detailed: bool = False) -> Json:
        """Set 200 when every check is up, else 503; return the data: each check if `detailed`."""
        outcomes = self.outcomes()
        healthy = not any(outcome.reason for outcome in outcomes)
        call.status = 200 if healthy else 503
        data: dict[str, Any] = {"status": "up" if healthy else "down"}
        if detailed:
            data["checks"] = [
                {
                    "name": outcome.name,
                    "status": "down" if outcome.reason else "up",
                    "duration_ms": round(outcome.duration_ms, 1),
                    "reason": outcome.reason,
                }
                for outcome in outcomes
            ]
        return data


def client(service: str) -> aws.Client:
    """Make a client that a check can wait for: one attempt, within the time of a check."""
    return aws.client(
        service, aws.config(connect_timeout=1, read_timeout=TIMEOUT_SECONDS, attempts=1)
    )


def table_is_active(name: str) -> Check:
    """Make the check that a DynamoDB table takes requests."""
    dynamodb = client("dynamodb")

    def check() -> None:
        status = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        if status not in ("ACTIVE", "UPDATING"):
            raise CheckFailed("not_active")

    return check


def secret_is_readable(arn: str) -> Check:
    """Make the check that a secret has a value, and that its key decrypts it."""
    return partial(client("secretsmanager").get_secret_value, SecretId=arn)


def queue_is_there(url: str) -> Check:
    """Make the check that SQS has a queue whose policy admits this function."""
    ask = client("sqs").get_queue_attributes
    return partial(ask, QueueUrl=url, AttributeNames=["QueueArn"])


def run(checks: Mapping[str, Check], timeout: float = TIMEOUT_SECONDS) -> list[Outcome]:
    """Run every check at once and return their outcomes, after `timeout` seconds at the latest."""
    # A check that still hangs then is left to its own thread, which nothing waits for: an executor
    # would wait for it, and its workers would run out.
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


def _run(name: str, check: Check, done: dict[str, Outcome]) -> None:
    started = time.perf_counter()
    reason = None
    try:
        check()
    except Exception as error:  # noqa: BLE001  # an outcome
        reason = _reason(error)
    done[name] = Outcome(name, (time.perf_counter() - started) * 1000, reason)


def _reason(error: Exception) -> str:
    """Return the code for an exception, whose text may name what callers need not know."""
    if isinstance(error, CheckFailed):
        return str(error)
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return _REASONS.get(aws.code_of(error)) or _REASONS.get(status, "error")
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)):
        return "timeout"
    if isinstance(error, (BotoConnectionError, HTTPClientError)):
        return "unreachable"
    return "error"
