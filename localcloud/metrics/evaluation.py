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
    breaches, words = _COMPARISONS[alarm["ComparisonOperator"]]
    threshold, periods = float(alarm["Threshold"]), int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    missing = _treat_missing(alarm)
    # The newest that exist: missing ones are filled in as few times as possible.
    known = [point for point in datapoints if point.value is not None][-periods:]
    breaching = [point for point in known if breaches(float(point.value or 0), threshold)]
    lacking = periods - len(known)
    if len(breaching) >= needed:
        minimum = f"(minimum {_count(needed)} for OK -> ALARM transition)"
        text = (
            f"{len(breaching)} out of the last {_count(periods)} {_values(breaching)} "
            f"{_were(breaching)} {words} the threshold ({threshold}) {minimum}."
        )
        return Judgement("ALARM", f"Threshold Crossed: {text}", tuple(known))
    if missing == "breaching" and len(breaching) + lacking >= needed:
        return Judgement("ALARM", _filled(known, lacking, "Breaching"), tuple(known))
    if known and (not lacking or len(breaching) < len(known)):
        text = f"{_count(len(known))} {_values(known)} {_were(known)} not {words} the threshold"
        if breaching:
            text = f"fewer than {_count(needed)} of {_values(known)} were {words} the threshold"
        return Judgement("OK", f"Threshold Crossed: {text} ({threshold}).", tuple(known))
    if missing == "notBreaching":
        return Judgement("OK", _filled(known, lacking, "NonBreaching"), tuple(known))
    if missing == "ignore":
        return None
    return _of_few(datapoints, breaching, needed)


def _of_few(
    datapoints: Sequence[Datapoint], breaching: Sequence[Datapoint], needed: int
) -> Judgement:
    """Evaluate what is missing but for some breaching data points, fewer than are needed.

    "Avoiding premature transitions to alarm state": the alarm waits until the oldest of them is as
    old as the number needed, and rings then.
    """
    if breaching and len(datapoints) - datapoints.index(breaching[0]) >= needed:
        text = f"{_count(len(breaching))} {_values(breaching)} breached, and none since did not."
        return Judgement("ALARM", f"Threshold Crossed: {text}", tuple(breaching))
    unknown = needed - len(breaching)
    return Judgement(
        "INSUFFICIENT_DATA",
        f"Insufficient Data: {_count(unknown)} {'was' if unknown == 1 else 'were'} unknown.",
        tuple(breaching),
    )


def _treat_missing(alarm: Mapping[str, Any]) -> str:
    # "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data."
    if alarm.get("Namespace") == "AWS/DynamoDB":
        return "ignore"
    return str(alarm.get("TreatMissingData") or "missing")


def _filled(known: Sequence[Datapoint], lacking: int, treated: str) -> str:
    received = f"{_count(len(known))} {_values(known)}" if known else "no datapoints"
    periods, were = ("period", "was") if lacking == 1 else ("periods", "were")
    missing = _count(lacking).replace(" ", " missing ")
    return (
        f"Threshold Crossed: {received} were received for {lacking} {periods} and {missing} "
        f"{were} treated as [{treated}]."
    )


def _count(number: int) -> str:
    return f"{number} datapoint{'' if number == 1 else 's'}"


def _were(points: Sequence[Datapoint]) -> str:
    return "was" if len(points) == 1 else "were"


def _values(points: Sequence[Datapoint]) -> str:
    said = [
        f"{point.value} ({datetime.fromtimestamp(point.start, UTC):%d/%m/%y %H:%M:%S})"
        for point in reversed(points)
    ]
    return f"[{', '.join(said)}]"
