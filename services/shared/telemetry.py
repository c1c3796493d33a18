"""Logs and metrics: a JSON line a request, a metric of what should not happen; no bodies or tokens.

Requests, errors and latency are metrics that Lambda and API Gateway give for nothing; by operation,
a query of the log counts them.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(utc=True, location=None)
_metrics = Metrics()


def begin(request_id: str) -> None:
    """Put the request's id into every log line from here on."""
    logger.append_keys(request_id=request_id, operation="unknown")


def name_operation(operation: str) -> None:
    """Put the operation, once it is known to be one, into every log line from here on."""
    logger.append_keys(operation=operation)


def finish(*, status: int, duration_ms: float, code: str | None) -> None:
    """Write the request's log line; `code` is the failure's, None after a success."""
    told = {"status": status, "code": code, "duration_ms": round(duration_ms, 1)}
    logger.info("request", extra=told)


def count(event: str) -> None:
    """Count an event that should not happen."""
    _metrics.add_metric(name=event, unit=MetricUnit.Count, value=1)
    _metrics.flush_metrics()
