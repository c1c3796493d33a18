"""API Gateway function of `GET /health`, open to all, and of `GET /health/details`, for a token.

API Gateway decides who may call which route.
"""

import os
from functools import partial

from services.shared import health
from services.shared.function import entry_point
from services.shared.health import Health
from services.shared.http.requests import Event, serve
from services.shared.http.responses import Response
from services.shared.http.routes import Route, Routes, dispatch


def connect(*, items_table_name: str, files_bucket_name: str, cursor_secret_arn: str) -> Health:
    """Make the checks of what the items API needs for its operations."""
    # Not HeadBucket: its permission, s3:ListBucket, would also show the names of all files.
    locate = health.client("s3").get_bucket_location
    return Health(
        {
            "table": health.table_is_active(items_table_name),
            "bucket": partial(locate, Bucket=files_bucket_name),
            "secret": health.secret_is_readable(cursor_secret_arn),
        }
    )


def routes(checks: Health) -> Routes:
    """Make the routes over the checks: up or down for all, each check's outcome for a token."""
    return {
        "GET /health": Route("health", checks.answer),
        "GET /health/details": Route("health_details", partial(checks.answer, detailed=True)),
    }


def handle(checks: Health, event: Event, _context: object) -> Response:
    """Answer a request that API Gateway passes on."""
    return serve(event, lambda call: dispatch(call, routes(checks), event["routeKey"]))


lambda_handler = entry_point(connect, os.environ, handle)
