"""Data points of CloudWatch's metrics, saved as they come.

Changes: Of a metric, the newest points are saved.
Original: All points are part of one state.
Ours: saving what changed alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ministack.services import cloudwatch

from localcloud.engine.internals import need
from localcloud.growing import Growing, Keyed
from localcloud.metrics.clock import MINUTE
from localcloud.metrics.published import Datum
from localcloud.state import State


class Points(Growing):
    """The points of every metric."""

    def __init__(self) -> None:
        super().__init__("metrics")
        self._metrics = need(cloudwatch, "_metrics")
        self._key = need(cloudwatch, "_dims_key")
        # Those that are not saved yet, by their metrics, minutes, units and values.
        self._open: defaultdict[Any, dict[Any, dict[str, Any]]] = defaultdict(dict)

    def add(self, data: Iterable[Datum]) -> None:
        """Publish values; equal ones of a metric and a minute are kept as one with a count."""
        for datum in data:
            dimensions = dict(datum.dimensions)
            which = (datum.namespace, datum.name, self._key(dimensions))
            minute = datum.at // MINUTE * MINUTE
            opened, known = self._open[which], (minute, datum.unit, datum.value)
            if known in opened:
                opened[known]["Count"] += 1.0
                continue
            opened[known] = {
                "Timestamp": minute,
                "Value": float(datum.value),
                "Count": 1.0,
                "Unit": datum.unit,
                "Dimensions": dimensions,
            }
            self._metrics.setdefault(which, []).append(opened[known])

    def take_out(self, state: Any) -> None:
        """Take the points out of the service's state."""
        state["metrics"] = type(self._metrics)()

    def lists(self) -> Iterator[Keyed]:
        """The points of every metric."""
        for (account, region, which), points in self._metrics.all_items():
            self._open.pop(which, None)
            yield (account, region, *which), points, {}

    def restore(self, data: Any, state: State) -> None:
        """Give each metric its points again."""
        for (account, region, *which), points, _ in self.restored(state):
            data["metrics"].set_scoped(account, region, tuple(which), points)

    def forget(self, before: float) -> Iterator[None]:
        """Drop what is older than a time (seconds since 1970), metric by metric."""
        for at, points in self._metrics.all_items():
            fresh = (n for n, point in enumerate(points) if point["Timestamp"] >= before)
            if count := next(fresh, len(points)):
                self.trim((*at[:2], *at[2]), points, count)
            if not points:
                self._open.pop(at[2], None)
                self._metrics.pop_scoped(*at)
            yield
