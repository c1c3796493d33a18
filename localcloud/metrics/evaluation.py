"""The state of a CloudWatch alarm, given the data points of its metric.

The rules are those of the CloudWatch user guide:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
Each minute the window slides, as is the default:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, ">="),
    "GreaterThanThreshold": (operator.gt, ">"),
    "LessThanThreshold": (operator.lt, "<"),
    "LessThanOrEqualToThreshold": (operator.le, "<="),
}
# CloudWatch retrieves more data points than it evaluates: the user guide's examples five for
# three. How many for other alarms is not documented.
_RETRIEVED_BESIDES = 2


@dataclass(frozen=True)
class Datapoint:
    """One period of a metric, with the alarm's statistic over it."""

    start: float  # seconds since 1970
    value: float | None  # None where nothing was published


@dataclass(frozen=True)
class Judgement:
    """The state an alarm is to have, and why."""

    state: str
    reason: str
    datapoints: tuple[Datapoint, ...] = ()


def retrieved(alarm: Mapping[str, Any]) -> int:
    """Return how many of the newest periods an evaluation looks at."""
    return int(alarm["EvaluationPeriods"]) + _RETRIEVED_BESIDES


def judge(alarm: Mapping[str, Any], datapoints: Sequence[Datapoint]) -> Judgement | None:
    """Evaluate an alarm, given the data points of the `retrieved` periods, newest last.

    Returns:
        The state; None when the present one is to be kept.
    """
    breaches, words = _COMPARISONS[alarm["ComparisonOperator"]]
    threshold, periods = float(alarm["Threshold"]), int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    # "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data."
    of_dynamodb = alarm.get("Namespace") == "AWS/DynamoDB"
    missing = "ignore" if of_dynamodb else alarm.get("TreatMissingData") or "missing"
    # The newest that exist: missing ones are filled in as few times as possible.
    known = [point for point in datapoints if point.value is not None][-periods:]
    breaching = [point for point in known if breaches(float(point.value or 0), threshold)]
    lacking = periods - len(known)
    text = f"{len(breaching)} of {len(known)} datapoints {_values(known)} {words} {threshold}"
    text = f"Threshold Crossed: {text} ({needed} of {periods} needed)"
    if lacking:
        text += f"; {lacking} missing are taken as {missing}"
    if len(breaching) + (lacking if missing == "breaching" else 0) >= needed:
        return Judgement("ALARM", text, tuple(known))
    if missing == "notBreaching" or (known and (not lacking or len(breaching) < len(known))):
        return Judgement("OK", text, tuple(known))
    if missing == "ignore":
        return None
    # "Avoiding premature transitions to alarm state": of a few breaching data points, the alarm
    # waits until the oldest is as old as the number needed, and rings then.
    if breaching and len(datapoints) - datapoints.index(breaching[0]) >= needed:
        return Judgement("ALARM", text, tuple(breaching))
    text = f"Insufficient Data: {needed - len(breaching)} datapoints are unknown"
    return Judgement("INSUFFICIENT_DATA", text, tuple(breaching))


def _values(points: Sequence[Datapoint]) -> str:
    said = [
        f"{point.value} ({datetime.fromtimestamp(point.start, UTC):%d/%m/%y %H:%M:%S})"
        for point in reversed(points)
    ]
    return f"[{', '.join(said)}]"
