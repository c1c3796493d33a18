"""Metrics of DynamoDB, by what becomes of each operation on items.

Changes: Each operation on the items of a table publishes its time, or that it failed.
Original: DynamoDB publishes nothing.
Fault: the emulator's; `handle_request` would publish what became of each operation.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services import dynamodb

from localcloud.engine.internals import wrap

Note = Callable[[str, dict[str, str], dict[str, float]], None]

_OPERATIONS = {
    f"_{name}_item": f"{name.title()}Item" for name in ("put", "get", "update", "delete")
} | {"_query": "Query", "_scan": "Scan"}


def follow(note: Note) -> None:
    """Report every operation on the items of one table: namespace, dimensions and values."""
    for function, operation in _OPERATIONS.items():
        wrap(dynamodb, function, partial(_timed, note, operation))


def _timed(
    note: Note, operation: str, run: Any, data: dict[str, Any], *rest: Any, **named: Any
) -> Any:
    began = time.perf_counter()
    status, headers, body = run(data, *rest, **named)
    elapsed = (time.perf_counter() - began) * 1000
    table = {"TableName": str(data.get("TableName")).rpartition("/")[2]}  # an ARN names it too
    if status == 200:
        which = table | {"Operation": operation}
        note("AWS/DynamoDB", which, {"SuccessfulRequestLatency": elapsed})
    elif b"ConditionalCheckFailedException" in body:
        note("AWS/DynamoDB", table, {"ConditionalCheckFailedRequests": 1.0})
    else:
        note("AWS/DynamoDB", {}, {"UserErrors": 1.0})
    return status, headers, body
