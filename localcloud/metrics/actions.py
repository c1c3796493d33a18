"""Actions of an alarm that changes its state.

Changes: An action publishes only where the topic lets it, and the history says what became of it.
Original: No policy is asked.
Ours: asking the topic's policy.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

import json
from typing import Any

from ministack.services import cloudwatch

from localcloud.consent.services import why_not_published
from localcloud.engine.internals import need, replace
from localcloud.metrics.clock import Clock

_LISTS = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


class Actions:
    """Takes the place of the emulator's own actions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._publish = need(cloudwatch, "_dispatch_alarm_actions")
        replace(cloudwatch, "_dispatch_alarm_actions", self.run)

    def run(self, alarm: dict[str, Any], before: str, state: str, reason: str) -> None:
        """Run the actions of an alarm's new state, and note in its history what became of each."""
        if not alarm.get("ActionsEnabled", True):
            return
        for action in alarm.get(_LISTS[state]) or []:
            why = "the embedded cloud executes Amazon SNS actions alone"
            if action.startswith("arn:aws:sns:"):
                why = why_not_published(alarm["AlarmArn"], action)
            if not why:
                self._publish({**alarm, _LISTS[state]: [action]}, before, state, reason)
            self._note(alarm, action, why)

    def _note(self, alarm: dict[str, Any], action: str, why: str) -> None:
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
