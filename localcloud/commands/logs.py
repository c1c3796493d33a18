"""`tap logs`: what the functions and APIs logged."""

import json
import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from localcloud.cloud import Cloud
from localcloud.commands.options import Home, running_cloud
from localcloud.console import data
from localcloud.durations import seconds
from localcloud.errors import CliError

_FOLLOW_SECONDS = 0.5
_COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "INFO": "cyan"}


def logs(
    name: Annotated[
        str,
        typer.Argument(help="Part of a log group's name, such as api-function; all by default."),
    ] = "",
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h or 1d.")] = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    home: Home = None,
) -> None:
    """Print what was logged, oldest first: one line an event, JSON fields unfolded."""
    cloud = running_cloud(home)
    start = int((time.time() - seconds(since)) * 1000)
    groups = _groups(cloud, name)
    if not groups:
        raise CliError(f"no log group has {name!r} in its name; `tap logs` shows every group")
    seen: set[tuple[Any, ...]] = set()
    try:
        while True:
            for event in _events(cloud, groups, start, seen):
                _show(event)
            if not follow:
                return
            time.sleep(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return


def _groups(cloud: Cloud, name: str) -> list[str]:
    pages = cloud.client("logs").get_paginator("describe_log_groups").paginate()
    return [
        group["logGroupName"]
        for page in pages
        for group in page["logGroups"]
        if name in group["logGroupName"]
    ]


def _events(
    cloud: Cloud, groups: list[str], start: int, seen: set[tuple[Any, ...]]
) -> list[dict[str, Any]]:
    client = cloud.client("logs")
    found = []
    for group in groups:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=start
        )
        for event in (event for page in pages for event in page["events"]):
            # The emulator gives events no id.
            identity = (group, event["logStreamName"], event["timestamp"], event["message"])
            if identity not in seen:
                seen.add(identity)
                found.append({**event, "group": group})
    return sorted(found, key=lambda event: event["timestamp"])


def _show(event: dict[str, Any]) -> None:
    at = datetime.fromtimestamp(event["timestamp"] / 1000).astimezone().strftime("%H:%M:%S")
    where = event["group"].rpartition("/")[2]
    text = event["message"].rstrip()
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and "level" in fields:
        level = str(fields.pop("level"))
        message = fields.pop("message", "")
        rest = " ".join(f"{key}={value}" for key, value in fields.items())
        colour = _COLOURS.get(level, "white")
        data.print(
            f"[dim]{at} {where}[/] [{colour}]{level}[/] {escape(str(message))} "
            f"[dim]{escape(rest)}[/]"
        )
    else:
        data.print(f"[dim]{at} {where}[/] {escape(text)}")
