"""Log streams of the emulator, saved one by one, in groups that keep their newest events alone.

Changes: A stream is saved with its events when it has changed. A group keeps its newest 10,000
    events, as many as one search finds; the stream of an invocation goes with them. After a
    restart, a query makes again what GetLogRecord gives.
Original: All events are part of one state, twice if PutLogEvents brought them, and none ever goes.
Ours: saving what changed alone, and an end to growth.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch_logs

from localcloud.engine.internals import need
from localcloud.state import Rows, State

MOST_EVENTS = 10_000
_PART = "logs"
_MARKS = ("creationTime", "lastIngestionTime", "uploadSequenceToken")


class LogStreams:
    """The streams of every log group."""

    def __init__(self) -> None:
        self._groups = need(cloudwatch_logs, "_log_groups")
        self._records = need(cloudwatch_logs, "_log_records")
        self._writing = need(cloudwatch_logs, "_log_events_lock")
        self._known: dict[tuple[str, ...], Any] = {}

    def take_out(self, state: Any) -> Rows:
        """Take the streams out of the service's state; those that changed are rows of their own."""
        found: Rows = {}
        now, bare = {}, {}
        for at, group in self._groups.all_items():
            bare[at], streams = group | {"streams": {}}, group["streams"]
            events = [each["events"] for each in list(streams.values())]
            if sum(map(len, events)) > MOST_EVENTS * 1.1:  # not each one as it comes
                times = sorted(each["timestamp"] for of in events for each in of)
                self._forget(at, streams, times[-MOST_EVENTS])
            for name, stream in list(streams.items()):
                key = (*at, name)
                now[key] = _version(stream)
                if self._known.get(key) != now[key]:
                    found[_PART, json.dumps(key)] = json.dumps(stream)
        found |= {(_PART, json.dumps(key)): None for key in self._known.keys() - now}
        self._known = now
        state["log_groups"], state["log_records"] = type(self._groups).from_dict(bare), {}
        return found

    def restore(self, data: Any, state: State) -> None:
        """Give each group its streams again."""
        for key, text in state.rows(_PART):
            *at, name = json.loads(key)
            data["log_groups"].get_scoped(*at)["streams"][name] = stream = json.loads(text)
            self._known[*at, name] = _version(stream)

    def expire(self, now: float) -> Iterator[None]:
        """Drop what is beyond its group's retention at a time, group by group."""
        for at, group in self._groups.all_items():
            oldest = now - 24 * 3600 * (group["retentionInDays"] or now)
            self._forget(at, group["streams"], oldest * 1000)
            yield

    def _forget(self, at: Any, streams: Any, before: float) -> None:
        """Drop what is older than a time, in milliseconds since 1970."""
        for name, stream in list(streams.items()):
            with self._writing:
                events = stream["events"]
                gone = [each for each in events if each["timestamp"] < before]
                del events[: len(gone)]  # they are in the order of their times
            for each in gone:
                self._records.pop_scoped(*at[:2], each.get("eventId"), None)
            if gone and not events and stream["uploadSequenceToken"] == "1":
                del streams[name]  # an invocation's: no other is written to without PutLogEvents


def _version(stream: dict[str, Any]) -> tuple[Any, ...]:
    """What is another when anything about a stream is."""
    return len(stream["events"]), *map(stream.get, _MARKS)
