"""Amazon CloudWatch of the emulator, with metrics, alarms and actions as on AWS.

Changes: Every alarm is evaluated each minute, with its dimensions, missing data, M of N and metric
    math. An action publishes only where the topic lets it, and the history says what became of it.
Original: An alarm is looked at when somebody calls the API; dimensions that it does not name,
    missing data and M of N are overlooked. Metric math is dropped, and a template's is refused. No
    policy is asked.
Fault: the emulator's; `_evaluate_alarm` would heed `Dimensions`, `DatapointsToAlarm`,
    `TreatMissingData` and `Metrics`, and a task would call it each minute.
Ours: the clock of a drill, and asking the topic's policy.
AWS:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from localcloud.consent.services import why_not_published
from localcloud.engine.internals import need, replace, wrap
from localcloud.metrics.clock import MINUTE, Clock
from localcloud.metrics.evaluation import Datapoint, Judgement, judge, retrieved
from localcloud.metrics.expressions import Value, calculate, check, statistics
from localcloud.metrics.points import Points
from localcloud.reapplied import typed

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
        wrap(cloudwatch, "_put_metric_alarm", _put)
        wrap(provisioners, "_cw_metric_alarm_record", _record)

    def forget_old(self) -> Iterator[None]:
        """Drop what is older than three hours, or than the longest alarm looks back."""
        ranges = [_period(alarm) * retrieved(alarm) for alarm in self._alarms.values()]
        yield from self._points.forget(self._clock.now() - max([KEPT_SECONDS, *ranges]))

    def evaluate(self, end: float) -> Iterator[None]:
        """Evaluate every alarm on metrics; the newest period ends at `end` (since 1970)."""
        for alarm in list(self._alarms.values()):
            found = judge(alarm, self._datapoints(alarm, end))
            if found and found.state != alarm["StateValue"]:
                self._change(alarm, found)
            yield

    def _datapoints(self, alarm: Alarm, end: float) -> list[Datapoint]:
        watched, backs = statistics(alarm), range(retrieved(alarm), 0, -1)
        columns = zip(*(self._series(each, backs, end) for each in watched.values()), strict=True)
        values = [calculate(alarm, dict(zip(watched, each, strict=True))) for each in columns]
        starts = [end - _period(alarm) * back for back in backs]
        return list(map(Datapoint, starts, values))

    def _series(self, watched: Any, backs: Iterable[int], end: float) -> Iterator[Value]:
        """Give a metric's statistic over periods that are so many before the end."""
        metric, period, unit = watched["Metric"], watched["Period"], watched.get("Unit")
        named = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or []}
        key = (metric["Namespace"], metric["MetricName"], self._key(named))
        calculated, pick = need(cloudwatch, "_calc_stats"), need(cloudwatch, "_stat_value")
        within: defaultdict[float, list[Any]] = defaultdict(list)  # by how many periods back
        for point in self._metrics.get(key) or ():
            if unit in (None, point.get("Unit")):
                within[-((point["Timestamp"] - end) // period)].append(point)
        for back in backs:
            found = calculated(within[back])
            yield pick(found, watched["Stat"], within[back]) if found else None

    def _change(self, alarm: Alarm, found: Judgement) -> None:
        before, now = alarm["StateValue"], int(self._clock.now())
        data = {
            "version": "1.0",
            "period": _period(alarm),
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


def _period(alarm: Alarm) -> int:
    return int(next(iter(statistics(alarm).values()))["Period"])


def _put(put: Any, params: Any, data: Any, *form: bool) -> Any:
    """Put an alarm on metric math as a template's, any other as the emulator does."""
    in_query = any(name.startswith("Metrics.") for name in params)
    if not (in_query or (data or {}).get("Metrics")):
        return put(params, data, *form)
    why = "metric math is not read from the query protocol here"
    try:
        if not in_query:
            need(provisioners, "_cw_metric_alarm_put")(data["AlarmName"], data)
            return need(cloudwatch, "_cbor_ok" if form[0] else "_json_ok")({})
    except ValueError as error:
        why = str(error)
    return need(cloudwatch, "_error")("ValidationError", why, 400, *reversed(form))


def _record(record: Any, name: str, properties: Any) -> Alarm:
    """Make an alarm of a template's properties; `ValueError` fails the deployment."""
    if not properties.get("Metrics"):
        return dict(record(name, properties))
    metrics = {"Metrics": typed(properties["Metrics"])}
    check(metrics)
    own = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit")
    alarm = record(name, {**properties, "Metrics": None, **dict.fromkeys(own[:2], "math")})
    return {key: value for key, value in alarm.items() if key not in own} | metrics
