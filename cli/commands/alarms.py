"""`tap alarms`: the CloudWatch alarms, and what each has done."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cli import targets
from cli.console import emit, show, show_rows, styled
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json
from cli.stacks import ALARM_TYPES, every_alarm, pages
from cli.stacks import Json as Row
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
    """Describe every alarm, those that ring first."""
    cloudwatch = target.clients("cloudwatch")
    with_data = {_metric(each) for each in pages(cloudwatch, "list_metrics", "Metrics")}
    rows = [
        {"alarm": alarm["AlarmName"], "state": alarm["StateValue"]}
        | _watched(target, alarm, with_data)
        | {"reason": alarm["StateReason"]}
        for alarm in every_alarm(cloudwatch)
        if _is_ours(target, alarm)
    ]
    return sorted(rows, key=lambda row: (row["state"] != "ALARM", row["alarm"]))


def _history(target: Target, name: str) -> list[Row]:
    history = target.clients("cloudwatch"), "describe_alarm_history", "AlarmHistoryItems"
    found = [
        {
            "time": each["Timestamp"].isoformat(),
            "alarm": each["AlarmName"],
            "type": each["HistoryItemType"],
            "summary": each["HistorySummary"],
        }
        for each in pages(*history, AlarmTypes=ALARM_TYPES)
        if name.casefold() in each["AlarmName"].casefold() and _is_ours(target, each)
    ]
    if not found:
        raise CliError(f"no alarm with {name!r} in its name; `tap alarms` lists them")
    return found


def _is_ours(target: Target, alarm: Row) -> bool:
    """Whether an alarm is of the app: CloudFormation begins its name with the stack's."""
    names = tuple(stack.name for stack in target.stacks)
    return target.cloud is not None or alarm["AlarmName"].startswith(names)


def _watched(target: Target, alarm: Row, with_data: set[str]) -> Row:
    from localcloud.metrics.expressions import statistics
    from localcloud.metrics.published import is_published

    if rule := alarm.get("AlarmRule"):
        named = re.sub(r'"arn:[^"]*:alarm:([^"]*)"', r"\1", rule)
        return {"metric": named, "data": "of its alarms"}
    metrics = [each["Metric"] for each in statistics(alarm).values()]
    # CloudWatch lists a metric for two weeks after its last value.
    within = "hours" if target.cloud else "2 weeks"
    data = f"{'in' if {*map(_metric, metrics)} <= with_data else 'none in'} the last {within}"
    if target.cloud and not all(map(is_published, metrics)):
        data = _NOT_PUBLISHED
    return {"metric": ", ".join(map(_metric, metrics)), "data": data}


def _metric(named: Row) -> str:
    """Name a metric, with its dimensions."""
    dimensions = sorted(f"{d['Name']}={d['Value']}" for d in named.get("Dimensions", []))
    return " ".join([named.get("Namespace", ""), named.get("MetricName", ""), *dimensions])
