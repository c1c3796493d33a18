"""Logs and metrics: one JSON line and one metric line a request, no bodies, no tokens."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(utc=True)
_metrics = Metrics()


def begin(request_id: str) -> None:
    """Put the request's id into every log line from here on."""
    logger.append_keys(request_id=request_id, operation="unknown")


def name_operation(operation: str) -> None:
    """Put the operation, once it is known to be one, into every log line from here on."""
    logger.append_keys(operation=operation)


def finish(*, operation: str, status: int, duration_ms: float, code: str | None) -> None:
    """Write the request's log line, and its metrics under the dimension `operation`.

    `Errors` counts the answers that are ours to mend (500 and above), `Latency` is in
    milliseconds; `code` is the failure's, None after a success.
    """
    logger.info(
        "request", extra={"status": status, "code": code, "duration_ms": round(duration_ms, 1)}
    )
    _metrics.add_dimension(name="operation", value=operation)
    _metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    _metrics.add_metric(name="Errors", unit=MetricUnit.Count, value=int(status >= 500))
    _metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=duration_ms)
    _metrics.flush_metrics()


def count(event: str) -> None:
    """Count an event that should not happen, in a metric without the dimension `operation`."""
    _metrics.add_metric(name=event, unit=MetricUnit.Count, value=1)
    _metrics.flush_metrics()
