"""`tap logs`: what the functions and APIs logged."""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import deployment
from cli.commands.options import Home, running_cloud
from cli.console import data
from cli.durations import seconds
from cli.errors import CliError
from localcloud.cloud import Cloud

_FOLLOW_SECONDS = 0.5
_COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "INFO": "cyan"}


@dataclass(frozen=True)
class Source:
    """A log group, by all the names that people have for it.

    Attributes:
        group: its name.
        label: what its lines are marked with: the stack, and the function if it is one's.
        names: the group's, the stack's, the function's, its service's and the logical ids.
    """

    group: str
    label: str
    names: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Whether a part of any name is this one; `_` is as good as `-`, and case is nothing."""
        return any(_plain(name) in _plain(known) for known in self.names)


def logs(
    name: Annotated[
        str,
        typer.Argument(
            help="Part of the name of a function, service, stack or log group, such as "
            "api-function, items_api or PartnerApiStack; all by default."
        ),
    ] = "",
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h or 1d.")] = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    home: Home = None,
) -> None:
    """Print what was logged, oldest first: one line an event, JSON fields unfolded.

    tap logs api-function --since 1h

    tap logs PartnerApiStack --follow
    """
    cloud = running_cloud(home)
    start = int((time.time() - seconds(since)) * 1000)
    known = sources(cloud)
    wanted = [source for source in known if source.has(name)]
    if not wanted:
        names = ", ".join(sorted({source.label.split()[-1] for source in known}))
        raise CliError(f"nothing that logs is named {name!r}; there are {names}, and the stacks")
    seen: set[tuple[Any, ...]] = set()
    try:
        while True:
            for event in _events(cloud, wanted, start, seen):
                _show(event)
            if not follow:
                return
            time.sleep(_FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return


def sources(cloud: Cloud) -> list[Source]:
    """Every log group of a running cloud."""
    names: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    functions = {each["FunctionName"]: each for each in _pages(cloud, "lambda", "list_functions")}
    cloudformation = cloud.client("cloudformation")
    for stack in deployment.stacks(cloud):
        described = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
        for resource in described:
            physical, function = resource["PhysicalResourceId"], None
            if resource["ResourceType"] == "AWS::Lambda::Function":
                function = functions.get(physical)
            elif resource["ResourceType"] != "AWS::Logs::LogGroup":
                continue
            group = function["LoggingConfig"]["LogGroup"] if function else physical
            own = [stack.name, resource["LogicalResourceId"], physical]
            names.setdefault(group, []).extend(own)
            labels.setdefault(group, f"{stack.name} {group.rpartition('/')[2]}")
            if function:
                labels[group] = f"{stack.name} {physical}"
                names[group] += function["Handler"].split(".")[1:2]
    return [
        Source(group, labels.get(group, group), (group, *names.get(group, ())))
        for group in (each["logGroupName"] for each in _pages(cloud, "logs", "describe_log_groups"))
    ]


def _pages(cloud: Cloud, service: str, operation: str) -> list[dict[str, Any]]:
    """The items of every page of a listing."""
    paginator = cloud.client(service).get_paginator(operation)
    key = paginator.result_keys[0].expression
    return [item for page in paginator.paginate() for item in page[key]]


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")


def _events(
    cloud: Cloud, wanted: list[Source], start: int, seen: set[tuple[Any, ...]]
) -> list[dict[str, Any]]:
    client = cloud.client("logs")
    found = []
    for source in wanted:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=source.group, startTime=start
        )
        for event in (event for page in pages for event in page["events"]):
            # The emulator gives events no id.
            stream, at = event["logStreamName"], event["timestamp"]
            identity = (source.group, stream, at, event["message"])
            if identity not in seen:
                seen.add(identity)
                found.append({**event, "from": source.label})
    return sorted(found, key=lambda event: event["timestamp"])


def _show(event: dict[str, Any]) -> None:
    at = datetime.fromtimestamp(event["timestamp"] / 1000).astimezone().strftime("%H:%M:%S")
    line = Text(f"{at} {event['from']}", "dim")
    text = event["message"].rstrip()
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and "level" in fields:
        level = str(fields.pop("level"))
        message = str(fields.pop("message", ""))
        rest = " ".join(f"{key}={value}" for key, value in fields.items())
        colour = _COLOURS.get(level, "white")
        parts: tuple[Any, ...] = (" ", (level, colour), " ", message, " ", (rest, "dim"))
    else:
        parts = (" ", text)
    data.print(Text.assemble(line, *parts))
