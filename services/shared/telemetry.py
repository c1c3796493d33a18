"""Logs and metrics: a JSON line a request, a metric of what should not happen; no bodies or tokens.

Requests, errors and latency are metrics that Lambda and API Gateway give for nothing; by operation,
a query of the log counts them.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(utc=True, location=None)
_metrics = Metrics()


def count(event: str) -> None:
    """Count an event that should not happen."""
    _metrics.add_metric(name=event, unit=MetricUnit.Count, value=1)
    _metrics.flush_metrics()
