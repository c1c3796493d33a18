"""The deployed alarms, as drills let them ring: the embedded cloud's clock is put forward."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.stacks import ALARM_TYPES
from localcloud.metrics.clock import read_ahead
from tests import clock
from tests.deployment import Deployment
from tests.partner import eventually

MINUTE = 60
# Until a period with an error is no longer among those an alarm looks at.
LONG_ENOUGH = 20 * MINUTE
# Until the short windows of a burn rate have none, and those before them, which are looked at if
# there is no traffic.
BURNT_OUT = 2 * 60 * MINUTE


class Alarms:
    """The deployed alarms, their topics' mail, and the clock they go by."""

    def __init__(self, deployment: Deployment) -> None:
        assert deployment.home
        self.home: Path = deployment.home
        self._deployment = deployment
        self._cloudwatch = deployment.client("cloudwatch")

    def wait(self, seconds: float) -> None:
        """Put the clock forward, and see that CloudWatch goes by it."""
        clock.advance(self.home, seconds)
        wanted = time.time() + read_ahead(self.home) - 1
        assert eventually(self._now, lambda now: now >= wanted) >= wanted

    def _now(self) -> float:
        """What CloudWatch stamps a dashboard with."""
        which = {"DashboardName": "suite-clock"}
        self._cloudwatch.put_dashboard(**which, DashboardBody='{"widgets": []}')
        [found] = self._cloudwatch.list_dashboards(DashboardNamePrefix="suite-clock")[
            "DashboardEntries"
        ]
        self._cloudwatch.delete_dashboards(DashboardNames=["suite-clock"])
        return float(found["LastModified"].timestamp())

    def described(self) -> list[dict[str, str]]:
        """What `tap alarms` says of each."""
        found: list[dict[str, str]] = json.loads(self._deployment.tap("alarms", "--json").stdout)
        return found

    def named(self, name: str) -> dict[str, Any]:
        """The alarm with this beginning of its name, as CloudWatch describes it."""
        found = self._cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=ALARM_TYPES)
        [described] = found["MetricAlarms"] + found["CompositeAlarms"]
        return dict(described)

    def becomes(self, name: str, state: str) -> bool:
        """Whether the alarm gets into a state, sooner or later."""
        return state == eventually(
            lambda: str(self.named(name)["StateValue"]), lambda found: found == state
        )

    def history(self, name: str) -> list[str]:
        """What an alarm did, oldest first."""
        items = self._cloudwatch.describe_alarm_history(
            AlarmName=self.named(name)["AlarmName"], ScanBy="TimestampAscending", MaxRecords=100
        )["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in items]

    def mail(self, to: str) -> list[dict[str, str]]:
        """What `tap inbox` has for an address."""
        found = json.loads(self._deployment.tap("inbox", "--json").stdout)
        return [each for each in found if each["to"] == to]

    def ring(self, name: str) -> str:
        """Set an alarm's state by hand, from OK to ALARM, and return what became of its action."""
        which = self.named(name)["AlarmName"]
        for state in ("OK", "ALARM", "OK"):
            self._cloudwatch.set_alarm_state(
                AlarmName=which, StateValue=state, StateReason="delivery test"
            )
        return next(line for line in reversed(self.history(name)) if "execute" in line)


@contextmanager
def refusing(deployment: Deployment, function: str, action: str) -> Iterator[None]:
    """Take a right of a function's role away until the block ends."""
    found = deployment.client("lambda").get_function_configuration(FunctionName=function)
    policy = {"RoleName": found["Role"].rpartition("/")[2], "PolicyName": "suite-drill"}
    denied = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam = deployment.client("iam")
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)
