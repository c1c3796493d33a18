"""Amazon CloudWatch of the emulator, with metrics, alarms and actions as on AWS.

Changes: Every alarm is evaluated each minute, with its dimensions, missing data and M of N. An
    action publishes only where the topic lets it, and the history says what became of it.
Original: An alarm is looked at when somebody calls the API; dimensions that it does not name,
    missing data and M of N are overlooked. No policy is asked.
Fault: the emulator's; `_evaluate_alarm` would heed `Dimensions`, `DatapointsToAlarm` and
    `TreatMissingData`, and a task would call it each minute.
Ours: the clock of a drill, and asking the topic's policy.
AWS:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch

from localcloud.consent.services import why_not_published
from localcloud.engine.internals import need, replace
from localcloud.metrics.clock import MINUTE, Clock
from localcloud.metrics.evaluation import Datapoint, Judgement, judge, retrieved
from localcloud.metrics.points import Points

Alarm = dict[str, Any]
KEPT_SECONDS = 3 * 60 * MINUTE
_ACTIONS = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


class _Exactly(dict[str, str]):
    """Dimensions to look for; to have none is a wish too, which the emulator overlooks."""

    def __bool__(self) -> bool:
        return True


class CloudWatch:
    """Metrics and alarms of the emulator, by a clock of ours."""

    def __init__(self, clock: Clock, points: Points) -> None:
        self._clock, self._points = clock, points
        self._metrics = need(cloudwatch, "_metrics")
        self._alarms = need(cloudwatch, "_alarms")
        self._key = need(cloudwatch, "_dims_key")
        self._publish = need(cloudwatch, "_dispatch_alarm_actions")
        dimensions = need(cloudwatch, "_dims_from_list")
        replace(cloudwatch, "time", clock)
        replace(cloudwatch, "_dispatch_alarm_actions", self.act)
        replace(cloudwatch, "_evaluate_alarm", lambda alarm: None)
        replace(cloudwatch, "_evict_old_metrics", lambda: None)
        replace(cloudwatch, "_dims_from_list", lambda given: _Exactly(dimensions(given)))

    def forget_old(self) -> Iterator[None]:
        """Drop what is older than three hours, or than the longest alarm looks back."""
        ranges = [alarm["Period"] * retrieved(alarm) for alarm in self._alarms.values()]
        yield from self._points.forget(self._clock.now() - max([KEPT_SECONDS, *ranges]))

    def evaluate(self, end: float) -> Iterator[None]:
        """Evaluate every alarm on a metric; the newest period ends at `end` (since 1970)."""
        for alarm in list(self._alarms.values()):
            if not alarm.get("MetricName"):
                continue  # on metric math, which a template may not have here
            found = judge(alarm, self._datapoints(alarm, end))
            if found and found.state != alarm["StateValue"]:
                self._change(alarm, found)
            yield

    def _datapoints(self, alarm: Alarm, end: float) -> list[Datapoint]:
        named = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
        key = (alarm["Namespace"], alarm["MetricName"], self._key(named))
        period, unit = alarm["Period"], alarm.get("Unit")
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        calculate, pick = need(cloudwatch, "_calc_stats"), need(cloudwatch, "_stat_value")
        within: defaultdict[float, list[Any]] = defaultdict(list)  # by how many periods back
        for point in self._metrics.get(key) or ():
            if unit in (None, point.get("Unit")):
                within[-((point["Timestamp"] - end) // period)].append(point)
        found = []
        for back in range(retrieved(alarm), 0, -1):
            statistics = calculate(within[back])
            value = pick(statistics, statistic, within[back]) if statistics else None
            found.append(Datapoint(end - period * back, value))
        return found

    def _change(self, alarm: Alarm, found: Judgement) -> None:
        before, now = alarm["StateValue"], int(self._clock.now())
        data = {
            "version": "1.0",
            "period": alarm["Period"],
            "recentDatapoints": [point.value for point in found.datapoints],
            "threshold": alarm["Threshold"],
        }
        alarm.update(
            StateValue=found.state,
            StateReason=found.reason,
            StateReasonData=json.dumps(data),
            StateUpdatedTimestamp=now,
            StateTransitionedTimestamp=now,
        )
        name = alarm["AlarmName"]
        need(cloudwatch, "_record_history")(
            name, before, found.state, found.reason, reason_data=data
        )
        self.act(alarm, before, found.state, found.reason)
        need(cloudwatch, "_evaluate_parent_alarms")(alarm)

    def act(self, alarm: Alarm, before: str, state: str, reason: str) -> None:
        """Run the actions of an alarm's new state, and note in its history what became of each."""
        if not alarm.get("ActionsEnabled", True):
            return
        for action in alarm.get(_ACTIONS[state]) or []:
            why = "the embedded cloud executes Amazon SNS actions alone"
            if action.startswith("arn:aws:sns:"):
                why = why_not_published(alarm["AlarmArn"], action)
            if not why:
                self._publish({**alarm, _ACTIONS[state]: [action]}, before, state, reason)
            self._note(alarm, action, why)

    def _note(self, alarm: Alarm, action: str, why: str) -> None:
        done = {"actionState": "Failed" if why else "Succeeded", "notificationResource": action}
        summary = f"Successfully executed action {action}"
        if why:
            summary = f'Failed to execute action {action}. Received error: "{why}"'
        need(cloudwatch, "_history_entries")().append(
            {
                "AlarmName": alarm["AlarmName"],
                "AlarmType": "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm",
                "Timestamp": need(cloudwatch, "_ts_iso")(self._clock.now()),
                "HistoryItemType": "Action",
                "HistorySummary": summary,
                "HistoryData": json.dumps(done | ({"error": why} if why else {})),
            }
        )
