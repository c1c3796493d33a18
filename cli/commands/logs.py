"""`tap logs`: what the functions and APIs logged."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from cli import stacks, targets
from cli.console import data, styled
from cli.errors import CliError
from cli.options import Aws, Context, Home, Since, seconds
from cli.targets import Target

Event = dict[str, Any]
# CloudWatch Logs answers a few searches a second for a whole account, and events may come late.
_FOLLOW_SECONDS, _FOLLOW_AWS_SECONDS = 0.5, 5.0
_LATE_MILLISECONDS = 60_000
_COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "INFO": "cyan"}


@dataclass(frozen=True)
class Source:
    """A log group, by all the names that people have for it."""

    group: str
    label: str  # marks its lines: the stack, and the function if it is one's
    names: tuple[str, ...]  # the group's, stack's, function's, service's, and the logical ids

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
    since: Since = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Print what was logged, oldest first: one line an event, JSON fields unfolded.

    tap logs api-function --since 1h

    tap logs PartnerApiStack --follow
    """
    start = int((time.time() - seconds(since)) * 1000)
    target = targets.find(home, aws=aws, context=context)
    known = _sources(target)
    wanted = [source for source in known if source.has(name)]
    if not wanted:
        names = ", ".join(sorted({source.label.split()[-1] for source in known}))
        raise CliError(f"nothing that logs is named {name!r}; there are {names}, and the stacks")
    pause = _FOLLOW_AWS_SECONDS if aws else _FOLLOW_SECONDS
    with suppress(KeyboardInterrupt):
        for event in _events(target.clients("logs"), wanted, start, pause if follow else None):
            _show(event)


def _events(client: Any, wanted: list[Source], start: int, pause: float | None) -> Iterator[Event]:
    """Yield what was logged since `start` (ms), and go on: look again after `pause` seconds."""
    seen: set[tuple[Any, ...]] = set()
    while True:
        for event in sorted(_found(client, wanted, start), key=lambda each: each["timestamp"]):
            if event["identity"] not in seen:
                seen.add(event["identity"])
                yield event
        if pause is None:
            return
        start = max(start, int(time.time() * 1000) - _LATE_MILLISECONDS)
        seen = {identity for identity in seen if identity[2] >= start}
        time.sleep(pause)


def _sources(target: Target) -> list[Source]:
    """List the log groups of the target's stacks and of their functions."""
    names: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    client = target.clients("lambda")
    for stack in target.stacks:
        for resource in stacks.resources(target.clients, stack):
            function = stacks.function_of(client, resource)
            if not function and resource["ResourceType"] != "AWS::Logs::LogGroup":
                continue
            physical = resource["PhysicalResourceId"]
            group = function["LoggingConfig"]["LogGroup"] if function else physical
            own = [stack.name, resource["LogicalResourceId"], physical]
            names.setdefault(group, [group]).extend(own)
            labels.setdefault(group, f"{stack.name} {group.rpartition('/')[2]}")
            if function:
                labels[group] = f"{stack.name} {physical}"
                names[group] += [stacks.service_of(function) or physical]
    return [Source(group, labels[group], tuple(own)) for group, own in sorted(names.items())]


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")


def _found(client: Any, wanted: list[Source], start: int) -> Iterator[Event]:
    for source in wanted:
        request = {"logGroupName": source.group, "startTime": start}
        try:
            for event in stacks.pages(client, "filter_log_events", "events", **request):
                # The emulator gives events no id.
                known = event.get("eventId") or event["message"]
                stream, at = event["logStreamName"], event["timestamp"]
                yield event | {"from": source.label, "identity": (source.group, stream, at, known)}
        except client.exceptions.ResourceNotFoundException:
            continue  # made with the first event of a function that has no group of its own


def _show(event: Event) -> None:
    at = datetime.fromtimestamp(event["timestamp"] / 1000).astimezone().strftime("%H:%M:%S")
    line = (f"{at} {event['from']}", "dim")
    text = event["message"].rstrip()
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or "level" not in fields:
        data.print(styled(line, " ", text))
        return
    level, message = str(fields.pop("level")), str(fields.pop("message", ""))
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    told = (level, _COLOURS.get(level, "white"))
    data.print(styled(line, " ", told, " ", message, " ", (rest, "dim")))
