"""The metrics that services publish here, with AWS's names and dimensions.

What an alarm watches and nobody publishes is named by `tap alarms` and the ledger. Metrics of a
namespace that is not AWS's come from the functions' logs: nobody knows them in advance.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

_REST_API = (("ApiName",), ("ApiName", "Stage"))
_HTTP_API = (("ApiId",), ("ApiId", "Stage"))


def _counts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "Count")


# Units as AWS documents them, by namespace, dimensions and name.
_PUBLISHED: dict[tuple[str, tuple[tuple[str, ...], ...]], dict[str, str]] = {
    ("AWS/Lambda", (("FunctionName",),)): {
        **_counts("Invocations", "Errors", "Throttles", "ConcurrentExecutions"),
        "Duration": "Milliseconds",
    },
    ("AWS/ApiGateway", _REST_API): {
        **_counts("Count", "4XXError", "5XXError"),
        "Latency": "Milliseconds",
    },
    ("AWS/ApiGateway", _HTTP_API): {**_counts("Count", "4xx", "5xx"), "Latency": "Milliseconds"},
    ("AWS/SQS", (("QueueName",),)): {
        **_counts("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"),
        "ApproximateAgeOfOldestMessage": "Seconds",
    },
    ("AWS/DynamoDB", (("TableName", "Operation"),)): {"SuccessfulRequestLatency": "Milliseconds"},
    ("AWS/DynamoDB", (("TableName",),)): _counts("ConditionalCheckFailedRequests"),
    ("AWS/DynamoDB", ((),)): _counts("UserErrors"),
    ("AWS/RDS", (("DBInstanceIdentifier",),)): {
        "CPUUtilization": "Percent",
        "DatabaseConnections": "Count",
        "FreeStorageSpace": "Bytes",
    },
    ("AWS/CloudFront", (("DistributionId", "Region"),)): {
        "Requests": "None",
        **dict.fromkeys(("4xxErrorRate", "5xxErrorRate", "TotalErrorRate"), "Percent"),
    },
}


@dataclass(frozen=True)
class Datum:
    """One value of a metric."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    at: float  # seconds since 1970


def is_published(namespace: str, name: str, dimensions: Collection[str]) -> bool:
    """Tell whether a metric of these dimensions' names can have data here."""
    if not namespace.startswith("AWS/"):
        return bool(namespace)
    return any(
        known == namespace and name in metrics and any(set(dimensions) == set(d) for d in sets)
        for (known, sets), metrics in _PUBLISHED.items()
    )


def of_service(
    namespace: str, dimensions: dict[str, str], values: dict[str, float], at: float
) -> Iterable[Datum]:
    """Make a service's metrics, under each set of dimensions that AWS publishes them with."""
    for (known, sets), units in _PUBLISHED.items():
        if known == namespace and set(dimensions) == set(sets[-1]):
            for names in sets:
                key = tuple((name, dimensions[name]) for name in names)
                for name, value in values.items():
                    yield Datum(namespace, name, value, units[name], key, at)
