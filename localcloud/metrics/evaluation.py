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
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
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
    """The state an alarm is to have, and why, in CloudWatch's words."""

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
    breaches, comparison = _COMPARISONS[alarm["ComparisonOperator"]]
    threshold, periods = float(alarm["Threshold"]), int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    # "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data."
    of_dynamodb = alarm.get("Namespace") == "AWS/DynamoDB"
    missing = "ignore" if of_dynamodb else alarm.get("TreatMissingData") or "missing"
    # The newest that exist: missing ones are filled in as few times as possible.
    known = [point for point in datapoints if point.value is not None][-periods:]
    breaching = [point for point in known if breaches(float(point.value or 0), threshold)]
    within = [point for point in known if point not in breaching]
    lacking = periods - len(known)
    limit = f"{comparison} the threshold ({threshold})"
    # "Avoiding premature transitions to alarm state": of a few breaching data points, the alarm
    # waits until the oldest is as old as the number needed, and rings then.
    oldest = len(datapoints) - datapoints.index(breaching[0]) if breaching else 0
    rings_for_few = missing == "missing" and not within and oldest >= needed
    if len(breaching) >= needed or rings_for_few:
        return Judgement("ALARM", f"Threshold Crossed: {_values(breaching)} {limit}.", tuple(known))
    if missing == "breaching" and len(breaching) + lacking >= needed:
        return Judgement("ALARM", _filled(known, periods, "Breaching"), tuple(known))
    if within:
        return Judgement("OK", f"Threshold Crossed: {_values(within)} not {limit}.", tuple(known))
    if missing == "notBreaching":
        return Judgement("OK", _filled(known, periods, "NonBreaching"), tuple(known))
    if missing == "ignore":
        return None
    unknown = _were(needed - len(breaching), "datapoint")
    return Judgement("INSUFFICIENT_DATA", f"Insufficient Data: {unknown} unknown.", tuple(known))


def _values(points: Sequence[Datapoint]) -> str:
    """Word the values that a threshold is held against, the newest first, up to "was" or "were"."""
    said = [
        f"{point.value} ({datetime.fromtimestamp(point.start, UTC):%d/%m/%y %H:%M:%S})"
        for point in reversed(points)
    ]
    return _were(len(points), "datapoint", f" [{', '.join(said)}]")


def _filled(known: Sequence[Datapoint], periods: int, treated: str) -> str:
    """Word a state that was found by filling in what is missing."""
    received = _values(known) if known else "no datapoints were"
    what = "period" if periods == 1 else "periods"
    missing = f"{_were(periods - len(known), 'missing datapoint')} treated as [{treated}]"
    return f"Threshold Crossed: {received} received for {periods} {what} and {missing}."


def _were(number: int, what: str, which: str = "") -> str:
    return f"{number} {what}{which} was" if number == 1 else f"{number} {what}s{which} were"
