"""`GET /health`: up or down, for anyone. `GET /health/details`: which check, for a token.

The gateway decides who may call which route; this function only answers by route.
"""

import gc
import os
from typing import Any

from services.health.settings import Settings
from services.shared import health
from services.shared.health import Health
from services.shared.http import requests
from services.shared.http.requests import Call, Event
from services.shared.http.responses import Response

_DETAILS_ROUTE = "GET /health/details"


def connect(settings: Settings) -> Health:
    """The health of what the items API needs for its operations."""
    s3 = health.client("s3")

    def bucket() -> None:
        # Not HeadBucket: its permission, s3:ListBucket, would also show the names of all files.
        s3.get_bucket_location(Bucket=settings.files_bucket_name)

    return Health(
        {
            "table": health.table_is_active(settings.items_table_name),
            "bucket": bucket,
            "secret": health.secret_is_readable(settings.cursor_secret_arn),
        }
    )


def work(call: Call, checked: Health) -> tuple[int, Any]:
    """200 when every check is up, 503 when one is not; the details only on their own route."""
    detailed = call.event["routeKey"] == _DETAILS_ROUTE
    call.name("health_details" if detailed else "health")
    return checked.answer(detailed=detailed)


_health = connect(Settings.from_env(os.environ))


def lambda_handler(event: Event, _context: object) -> Response:
    """Lambda's entry point."""
    return requests.serve(event, lambda call: work(call, _health))


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
