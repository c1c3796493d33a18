"""Record of what policies decide, for proofs of which rights are used and needed.

Only where the server is started with `RECORD` in its environment, the path of a file: then each
evaluation of a policy is a line of JSON in it. Otherwise nothing is wrapped, and it costs nothing.

Changes: Each evaluation is written down before its result is returned.
Original: A decision leaves no trace but its consequence.
Ours: the emulator promises no account of its decisions.
"""

import json
import os
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack.core import iam_evaluator

from localcloud.engine.internals import wrap

RECORD = "LOCALCLOUD_DECISIONS"
# While a resource's policy is evaluated, rather than the caller's own: the service that asks, empty
# where it is somebody else.
_of_resource: ContextVar[str | None] = ContextVar("of_resource", default=None)


def install() -> None:
    """Write each evaluation down, if the environment says where; before others wrap them."""
    path = os.environ.get(RECORD)
    if path:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        wrap(iam_evaluator, "evaluate", partial(_record, file))
        wrap(iam_evaluator, "evaluate_resource_policy", _mark)


def _record(file: int, evaluate: Any, asked: Any, policies: Any, *limits: Any) -> Any:
    found = evaluate(asked, policies, *limits)
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
    os.write(file, f"{json.dumps(line)}\n".encode())
    return found


def _mark(evaluate: Any, *asked: Any, **named: Any) -> Any:
    token = _of_resource.set(named.get("service") or "")
    try:
        return evaluate(*asked, **named)
    finally:
        _of_resource.reset(token)
