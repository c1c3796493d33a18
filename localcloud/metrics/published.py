"""The metrics that services publish here, with AWS's names and dimensions.

What an alarm watches and nobody publishes is named by `tap alarms` and the ledger. Metrics of a
namespace that is not AWS's come from the functions' logs: nobody knows them in advance.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_METRICS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["metrics"]


@dataclass(frozen=True)
class Datum:
    """One value of a metric."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    at: float  # seconds since 1970


def is_published(metric: Mapping[str, Any]) -> bool:
    """Tell whether a metric, as an alarm names it, can have data here."""
    namespace = metric.get("Namespace") or ""
    dimensions = {each["Name"] for each in metric.get("Dimensions") or ()}
    if not namespace.startswith("AWS/"):
        return bool(namespace)
    return any(
        known["namespace"] == namespace
        and metric["MetricName"] in known["units"]
        and any(dimensions == set(names) for names in known["dimensions"])
        for known in _METRICS
    )


def of_service(
    namespace: str, dimensions: dict[str, str], values: dict[str, float], at: float
) -> Iterable[Datum]:
    """Make a service's metrics, under each set of dimensions that AWS publishes them with."""
    for known in _METRICS:
        sets, units = known["dimensions"], known["units"]
        if known["namespace"] == namespace and set(dimensions) == set(sets[-1]):
            for names in sets:
                key = tuple((name, dimensions[name]) for name in names)
                for name, value in values.items():
                    yield Datum(namespace, name, value, units[name], key, at)
