"""`tap alarms`: the CloudWatch alarms, and what each has done."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import targets
from cli.console import emit, show, show_rows, styled
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json
from cli.stacks import Json as Row
from cli.stacks import pages
from cli.targets import Target

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = {"OK": "green", "ALARM": "red", "INSUFFICIENT_DATA": "yellow"}
_NOT_PUBLISHED = "not published here: it never rings"

_HISTORY = typer.Option(
    metavar="NAME",
    help="Print what alarms with this in their name have done, newest first.",
    show_default=False,
)


def alarms(
    history: Annotated[str, _HISTORY] = "",
    as_json: Json = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Show each alarm's state and why, and whether what it watches has data.

    The embedded cloud evaluates alarms each minute, as CloudWatch does. One whose metric nothing
    publishes there says so: its state means nothing.

    tap alarms --history DeadLetters
    """
    target = targets.find(home, aws=aws, context=context)
    if history:
        show_rows(_history(target, history), as_json=as_json)
    elif as_json:
        emit(described(target))
    else:
        show(("State", "Alarm", "Watches", "Data", "Why"), map(_line, described(target)))


def _line(row: Row) -> tuple["str | Text", ...]:
    state = styled((row["state"], _COLOURS[row["state"]]))
    known = styled((row["data"], "red" if row["data"] == _NOT_PUBLISHED else ""))
    return state, row["alarm"], row["metric"], known, row["reason"]


def described(target: Target) -> list[Row]:
    """Describe every alarm on a metric, those that ring first."""
    cloudwatch = target.clients("cloudwatch")
    with_data = {_metric(each) for each in pages(cloudwatch, "list_metrics", "Metrics")}
    rows = [
        {
            "alarm": alarm["AlarmName"],
            "state": alarm["StateValue"],
            "metric": _metric(alarm),
            "data": _data(target, alarm, with_data),
            "reason": alarm["StateReason"],
        }
        for alarm in pages(cloudwatch, "describe_alarms", "MetricAlarms")
        if _is_ours(target, alarm)
    ]
    return sorted(rows, key=lambda row: (row["state"] != "ALARM", row["alarm"]))


def _history(target: Target, name: str) -> list[Row]:
    cloudwatch = target.clients("cloudwatch")
    found = [
        {
            "time": each["Timestamp"].isoformat(),
            "alarm": each["AlarmName"],
            "type": each["HistoryItemType"],
            "summary": each["HistorySummary"],
        }
        for each in pages(cloudwatch, "describe_alarm_history", "AlarmHistoryItems")
        if name.casefold() in each["AlarmName"].casefold() and _is_ours(target, each)
    ]
    if not found:
        raise CliError(f"no alarm with {name!r} in its name; `tap alarms` lists them")
    return found


def _is_ours(target: Target, alarm: Row) -> bool:
    """Whether an alarm is of the app: CloudFormation begins its name with the stack's."""
    names = tuple(stack.name for stack in target.stacks)
    return target.cloud is not None or alarm["AlarmName"].startswith(names)


def _data(target: Target, alarm: Row, with_data: set[str]) -> str:
    from localcloud.metrics.published import is_published

    names = [each["Name"] for each in alarm.get("Dimensions", [])]
    metric = (alarm.get("Namespace", ""), alarm.get("MetricName", ""))
    if target.cloud and not is_published(*metric, names):
        return _NOT_PUBLISHED
    # CloudWatch lists a metric for two weeks after its last value.
    within = "3 hours" if target.cloud else "2 weeks"
    return f"{'in' if _metric(alarm) in with_data else 'none in'} the last {within}"


def _metric(described_metric: Any) -> str:
    """Name a metric, with its dimensions."""
    dimensions = sorted(f"{d['Name']}={d['Value']}" for d in described_metric.get("Dimensions", []))
    names = (described_metric.get(part, "") for part in ("Namespace", "MetricName"))
    return " ".join([*names, *dimensions]).strip() or "metric math"
