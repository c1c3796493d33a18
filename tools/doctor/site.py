"""The deployed app as `tap doctor` looks at it, and what it finds."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from cli import stacks
from cli.targets import Target
from localcloud.metrics.clock import read_ahead

_ALARMS = {
    "MetricAlarm": "AWS::CloudWatch::Alarm",
    "CompositeAlarm": "AWS::CloudWatch::CompositeAlarm",
}
OK, WRONG, UNKNOWN = "ok", "wrong", "not known"


class Finding(NamedTuple):
    """One line of a check: what it is about, the verdict, and what was found and is to be done."""

    about: str
    verdict: str
    said: str = ""


class Site:
    """The deployed app with the physical ids of its resources by type."""

    def __init__(self, target: Target) -> None:
        self.target, self.clients = target, target.clients
        self.ids: dict[str, list[str]] = defaultdict(list)
        for stack in target.stacks:
            for resource in stacks.resources(target.clients, stack):
                self.ids[resource["ResourceType"]].append(resource["PhysicalResourceId"])

    @cached_property
    def alarms(self) -> list[Any]:
        """The stacks' alarms, as they were when first asked for."""
        ours = {name for kind in stacks.ALARM_TYPES for name in self.ids[_ALARMS[kind]]}
        found = stacks.every_alarm(self.clients("cloudwatch"))
        return [alarm for alarm in found if alarm["AlarmName"] in ours]

    def is_part(self, alarm: Any) -> bool:
        """Whether another alarm tells of this one, with others."""
        return any(f':{alarm["AlarmName"]}"' in each.get("AlarmRule", "") for each in self.alarms)

    def topics(self) -> list[str]:
        """The topics that alarms tell."""
        actions = {action for alarm in self.alarms for action in alarm["AlarmActions"]}
        return sorted(action for action in actions if ":sns:" in action)

    def now(self) -> datetime:
        """The time there: a drill may have put an embedded cloud's clock forward."""
        ahead = read_ahead(self.target.cloud.home) if self.target.cloud else 0
        return datetime.now(UTC) + timedelta(seconds=ahead)


Check = Callable[[Site], Iterator[Finding]]
