"""Record of what policies decide: which rights are used and needed, and by which request.

The latest decisions on calls of functions are kept in memory, by the trace that a call is of. Where
the server is started with `RECORD` in its environment, the path of a file, each evaluation of a
policy is a line of JSON in it besides.

Changes: Each evaluation is noted before its result is returned.
Original: A decision leaves no trace but its consequence.
Ours: the emulator promises no account of its decisions.
"""

import json
import os
import re
from collections import deque
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack.core import iam_evaluator

from localcloud.engine.internals import wrap

RECORD = "LOCALCLOUD_DECISIONS"
# While a resource's policy is evaluated, rather than the caller's own: the service that asks, empty
# where it is somebody else.
_of_resource: ContextVar[str | None] = ContextVar("of_resource", default=None)
# As X-Ray's header has it: SDKs send it with each call of a function that is traced.
_TRACE = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")
_of_trace: ContextVar[str] = ContextVar("of_trace", default="")
_LATEST: deque[tuple[str, dict[str, Any]]] = deque(maxlen=2000)


def of_trace(trace_id: str) -> list[dict[str, Any]]:
    """The latest decisions on calls of one trace, in their order."""
    return [line for of, line in _LATEST if of == trace_id]


def install() -> None:
    """Note each evaluation, before others wrap them."""
    path = os.environ.get(RECORD)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None
    wrap(iam_evaluator, "evaluate", partial(_record, file))
    wrap(iam_evaluator, "evaluate_resource_policy", _mark)
    wrap(iam_evaluator, "pin_request_caller", _trace)


def _trace(pin: Any, headers: dict[str, str], *query: Any) -> None:
    traced = _TRACE.match(headers.get("x-amzn-trace-id", ""))
    _of_trace.set(traced[1] if traced else "")
    pin(headers, *query)


def _record(file: int | None, evaluate: Any, asked: Any, policies: Any, *limits: Any) -> Any:
    found = evaluate(asked, policies, *limits)
    trace_id = _of_trace.get()
    if not trace_id and file is None:
        return found  # nobody reads it
    service = _of_resource.get()
    is_service = bool(service) and not asked.principal_arn.startswith("arn:")
    if service is not None and not is_service and found.decision == "ImplicitDeny":
        return found  # a policy that is silent about a caller: the caller's own decides
    line = {
        "principal": service if is_service else asked.principal_arn,
        "action": asked.action,
        "resource": asked.resource_arn,
        "allowed": found.decision == "Allow",
        "statement": found.matched_sid,
        "by": "identity" if service is None else "resource",
    }
    if trace_id:
        _LATEST.append((trace_id, line))
    if file is not None:
        os.write(file, f"{json.dumps(line)}\n".encode())
    return found


def _mark(evaluate: Any, *asked: Any, **named: Any) -> Any:
    token = _of_resource.set(named.get("service") or "")
    try:
        return evaluate(*asked, **named)
    finally:
        _of_resource.reset(token)
