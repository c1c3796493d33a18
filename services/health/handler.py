"""`GET /health`: up or down, for anyone. `GET /health/details`: which check, for a token.

The gateway decides who may call which route; this function only answers by route.
"""

import gc
import os
from collections.abc import Callable, Mapping
from typing import Any

from services.health import checks
from services.health.settings import Settings
from services.shared import aws, requests
from services.shared.requests import Call, Event
from services.shared.responses import Response

Checks = Mapping[str, Callable[[], None]]

_DETAILS_ROUTE = "GET /health/details"


def connect(settings: Settings) -> Checks:
    """The checks of the table and the bucket: one attempt each, within the time of a check."""
    config = aws.config(connect_timeout=1, read_timeout=checks.TIMEOUT_SECONDS, attempts=1)
    dynamodb, s3 = aws.client("dynamodb", config), aws.client("s3", config)

    def table() -> None:
        status = dynamodb.describe_table(TableName=settings.items_table_name)
        if status["Table"]["TableStatus"] not in ("ACTIVE", "UPDATING"):
            raise checks.CheckFailed("not_active")

    def bucket() -> None:
        s3.head_bucket(Bucket=settings.files_bucket_name)

    return {"table": table, "bucket": bucket}


def work(call: Call, to_check: Checks) -> tuple[int, Any]:
    """200 when every check is up, 503 when one is not; the details only on their own route."""
    detailed = call.event["routeKey"] == _DETAILS_ROUTE
    call.name("health_details" if detailed else "health")
    outcomes = checks.run(to_check)
    healthy = not any(outcome.reason for outcome in outcomes)
    data: dict[str, Any] = {"status": "up" if healthy else "down"}
    if detailed:
        data["checks"] = [outcome.public() for outcome in outcomes]
    return (200 if healthy else 503), data


_checks = connect(Settings.from_env(os.environ))


def lambda_handler(event: Event, _context: object) -> Response:
    """Lambda's entry point."""
    return requests.serve(event, lambda call: work(call, _checks))


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
