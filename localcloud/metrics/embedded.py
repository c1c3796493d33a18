"""Metrics that a function's log lines carry, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import contextlib
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from localcloud.metrics.published import Datum

_MARK = '"_aws"'
_MAX_DIMENSIONS, _MAX_METRICS, _MAX_VALUES = 30, 100, 100


def metrics_in(log: str, *, ahead: float) -> Iterator[Datum]:
    """Give every value that a log's lines publish; what the specification forbids publishes none.

    CloudWatch's clock is `ahead` of the function's, in seconds.
    """
    if _MARK not in log:
        return
    for line in log.splitlines():
        # Lambda may put a time and a request's id before the document.
        _, brace, rest = line.partition("{")
        if _MARK in rest:
            yield from _of_document(brace + rest, ahead)


def _of_document(text: str, ahead: float) -> Iterator[Datum]:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        document = json.loads(text)
        metadata = document["_aws"]
        at = float(metadata["Timestamp"]) / 1000 + ahead
        for directive in metadata["CloudWatchMetrics"]:
            yield from _of_directive(document, directive, at)


def _of_directive(document: dict[str, Any], directive: Any, at: float) -> Iterator[Datum]:
    named = (_dimensions(document, names) for names in directive["Dimensions"])
    sets = [dimensions for dimensions in named if dimensions is not None]
    for metric in directive["Metrics"][:_MAX_METRICS]:
        name, unit = metric["Name"], metric.get("Unit", "None")
        values = document.get(name)
        values = values if isinstance(values, list) else [values]
        if len(values) <= _MAX_VALUES and all(type(each) in (int, float) for each in values):
            for dimensions, value in product(sets, values):
                yield Datum(directive["Namespace"], name, value, unit, dimensions, at)


def _dimensions(document: dict[str, Any], names: list[str]) -> tuple[tuple[str, str], ...] | None:
    """The dimensions of one set; None when a target is missing or no text."""
    found = tuple((name, document.get(name)) for name in names)
    if len(found) > _MAX_DIMENSIONS or not all(isinstance(value, str) for _, value in found):
        return None
    return tuple((name, str(value)) for name, value in found)
