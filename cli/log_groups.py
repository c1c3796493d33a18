"""Log groups of what is deployed, and how an event of theirs is shown."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli import stacks
from cli.console import data, styled
from cli.targets import Target

Event = dict[str, Any]
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


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")


def sources(target: Target) -> list[Source]:
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


def search(client: Any, wanted: Iterable[Source], start: int, **only: str) -> Iterator[Event]:
    """Find the events since `start` (ms), in no order; `only` is of FilterLogEvents' parameters.

    Each has the label of its source as `from`, and what tells it from all others as `identity`.
    """
    for source in wanted:
        request = {"logGroupName": source.group, "startTime": start, **only}
        try:
            for event in stacks.pages(client, "filter_log_events", "events", **request):
                # The emulator gives events no id.
                known = event.get("eventId") or event["message"]
                stream, at = event["logStreamName"], event["timestamp"]
                yield event | {"from": source.label, "identity": (source.group, stream, at, known)}
        except client.exceptions.ResourceNotFoundException:
            continue  # made with the first event of a function that has no group of its own


def show_event(event: Event) -> None:
    """Print an event as one line; the fields of a JSON object are unfolded."""
    at = datetime.fromtimestamp(event["timestamp"] / 1000).astimezone().strftime("%H:%M:%S")
    line = (f"{at} {event['from']}", "dim")
    text = event["message"].rstrip()
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        data.print(styled(line, " ", text))
        return
    level, message = str(fields.pop("level", "")), str(fields.pop("message", ""))
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    told = ((level, _COLOURS.get(level, "white")), " ", message, " ") if level else ()
    data.print(styled(line, " ", *told, (rest, "dim")))
