"""`tap alarms`: the CloudWatch alarms, and what each has done."""

from typing import Annotated, Any

import typer
from rich.text import Text

from cli.commands.options import Home, Json, running_cloud
from cli.console import emit, show
from cli.errors import CliError
from localcloud.metrics.published import is_published

_COLOURS = {"OK": "green", "ALARM": "red", "INSUFFICIENT_DATA": "yellow"}
_NOT_PUBLISHED = "not published here: it never rings"


def alarms(
    history: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Print what alarms with this in their name have done, newest first.",
            show_default=False,
        ),
    ] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show each alarm's state and why, and whether what it watches has data.

    Alarms are evaluated here each minute, as CloudWatch does. One whose metric nothing publishes
    here says so: its state means nothing.

    tap alarms --history DeadLetters
    """
    cloudwatch = running_cloud(home).client("cloudwatch")
    if history:
        _show_history(cloudwatch, history, as_json=as_json)
        return
    found = described(cloudwatch)
    if as_json:
        emit(found)
        return
    rows = (
        (
            Text(each["state"], _COLOURS[each["state"]]),
            each["alarm"],
            each["metric"],
            Text(each["data"], "red" if each["data"] == _NOT_PUBLISHED else ""),
            each["reason"],
        )
        for each in found
    )
    show(("State", "Alarm", "Watches", "Data", "Why"), rows)


def described(cloudwatch: Any) -> list[dict[str, str]]:
    """Describe every alarm on a metric, those that ring first.

    Args:
        cloudwatch: A client.
    """
    published = {_metric(each) for each in _pages(cloudwatch, "list_metrics", "Metrics")}
    found = []
    for alarm in _pages(cloudwatch, "describe_alarms", "MetricAlarms"):
        names = [each["Name"] for each in alarm.get("Dimensions", [])]
        space, name = alarm.get("Namespace", ""), alarm.get("MetricName", "")
        data = "in the last 3 hours" if _metric(alarm) in published else "none in the last 3 hours"
        found.append(
            {
                "alarm": alarm["AlarmName"],
                "state": alarm["StateValue"],
                "metric": _metric(alarm),
                "data": data if is_published(space, name, names) else _NOT_PUBLISHED,
                "reason": alarm["StateReason"],
            }
        )
    return sorted(found, key=lambda each: (each["state"] != "ALARM", each["alarm"]))


def _show_history(cloudwatch: Any, name: str, *, as_json: bool) -> None:
    found = [
        {
            "time": each["Timestamp"].isoformat(),
            "alarm": each["AlarmName"],
            "type": each["HistoryItemType"],
            "summary": each["HistorySummary"],
        }
        for each in _pages(cloudwatch, "describe_alarm_history", "AlarmHistoryItems")
        if name.casefold() in each["AlarmName"].casefold()
    ]
    if not found:
        raise CliError(f"no alarm with {name!r} in its name; `tap alarms` lists them")
    if as_json:
        emit(found)
    else:
        show(("Time", "Alarm", "Type", "Summary"), (tuple(each.values()) for each in found))


def _metric(described: dict[str, Any]) -> str:
    """Name a metric, with its dimensions."""
    dimensions = sorted(f"{d['Name']}={d['Value']}" for d in described.get("Dimensions", []))
    name = f"{described.get('Namespace', '')} {described.get('MetricName', 'metric math')}"
    return " ".join([name, *dimensions])


def _pages(client: Any, operation: str, key: str) -> list[dict[str, Any]]:
    """Collect the items of every page of a listing."""
    return [item for page in client.get_paginator(operation).paginate() for item in page[key]]
