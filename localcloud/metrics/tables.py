"""Metrics of DynamoDB, by what becomes of each operation on items.

Changes: Each operation on the items of a table publishes its time, or that it failed.
Original: DynamoDB publishes nothing.
Fault: the emulator's; `handle_request` would publish what became of each operation.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ministack.services import dynamodb

from localcloud.engine.internals import wrap
from localcloud.metrics.published import Datum, of_service

Note = Callable[[Callable[[float], Iterable[Datum]]], None]

_OPERATIONS = {
    f"_{name}_item": f"{name.title()}Item" for name in ("put", "get", "update", "delete")
} | {"_query": "Query", "_scan": "Scan"}


def follow(note: Note) -> None:
    """Report every operation on the items of one table."""
    for function, operation in _OPERATIONS.items():
        wrap(dynamodb, function, partial(_timed, note, operation))


def _timed(
    note: Note, operation: str, run: Any, data: dict[str, Any], *rest: Any, **named: Any
) -> Any:
    began = time.perf_counter()
    answer = run(data, *rest, **named)
    elapsed = (time.perf_counter() - began) * 1000
    table = str(data.get("TableName")).rpartition("/")[2]  # an ARN names it too
    note(lambda at: _of_answer(table, operation, answer, elapsed, at))
    return answer


def _of_answer(
    table: str, operation: str, answer: Any, milliseconds: float, at: float
) -> Iterable[Datum]:
    status, _, body = answer
    if status == 200:
        which = {"TableName": table, "Operation": operation}
        return of_service("AWS/DynamoDB", which, {"SuccessfulRequestLatency": milliseconds}, at)
    if b"ConditionalCheckFailedException" in body:
        failed = {"ConditionalCheckFailedRequests": 1.0}
        return of_service("AWS/DynamoDB", {"TableName": table}, failed, at)
    return of_service("AWS/DynamoDB", {}, {"UserErrors": 1.0}, at)
