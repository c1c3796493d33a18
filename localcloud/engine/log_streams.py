"""Log streams of the emulator, saved as they grow, in groups that keep their newest events alone.

Changes: The events that are new to a stream are saved. A group keeps its newest 10,000
    events, as many as one search finds; the stream of an invocation goes with them. After a
    restart, a query makes again what GetLogRecord gives.
Original: All events are part of one state, twice if PutLogEvents brought them, and none ever goes.
Ours: saving what changed alone, and an end to growth.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch_logs

from localcloud.engine.internals import need
from localcloud.growing import Growing, Keyed
from localcloud.state import State

MOST_EVENTS = 10_000


class LogStreams(Growing):
    """The streams of every log group."""

    def __init__(self) -> None:
        super().__init__("logs")
        self._groups = need(cloudwatch_logs, "_log_groups")
        self._records = need(cloudwatch_logs, "_log_records")
        self._writing = need(cloudwatch_logs, "_log_events_lock")

    def take_out(self, state: Any) -> None:
        """Take the streams out of the service's state."""
        bare = {at: group | {"streams": {}} for at, group in self._groups.all_items()}
        state["log_groups"], state["log_records"] = type(self._groups).from_dict(bare), {}

    def lists(self) -> Iterator[Keyed]:
        """The events of every stream."""
        for at, group in self._groups.all_items():
            streams = group["streams"]
            events = [each["events"] for each in list(streams.values())]
            if sum(map(len, events)) > MOST_EVENTS * 1.1:  # not each one as it comes
                times = sorted(each["timestamp"] for of in events for each in of)
                self._forget(at, streams, times[-MOST_EVENTS])
            for name, stream in list(streams.items()):
                told = {key: value for key, value in stream.items() if key != "events"}
                yield (*at, name), stream["events"], told

    def restore(self, data: Any, state: State) -> None:
        """Give each group its streams again."""
        for (*at, name), events, told in self.restored(state):
            if group := data["log_groups"].get_scoped(*at):  # it may have gone just before the end
                # A stream of an earlier version of the file is told with its events.
                group["streams"][name] = {"events": events} | told

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
                # They are in the order of their times.
                gone = events[: bisect_left(events, before, key=lambda each: each["timestamp"])]
                self.trim((*at, name), events, len(gone))
            for each in gone:
                self._records.pop_scoped(*at[:2], each.get("eventId"), None)
            if gone and not events and stream["uploadSequenceToken"] == "1":
                del streams[name]  # an invocation's: no other is written to without PutLogEvents
