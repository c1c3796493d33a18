"""The envelope of every answer, and the one place that maps errors to HTTP statuses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.shared.http import exact_json
from services.shared.http.errors import (
    Conflict,
    Failure,
    Forbidden,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unavailable,
)

Response = dict[str, Any]
Marks = Mapping[str, str]  # what every envelope says of the request: `request_id` and maybe `stage`

_STATUSES: dict[type[Failure], int] = {
    InvalidRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    Unavailable: 503,
}
_RETRY_AFTER_SECONDS = 1


def answer(status: int, data: exact_json.Json, marks: Marks) -> Response:
    """What was asked for; `success` is false for a status of 400 or more (health, when down)."""
    return _response(status, {"success": status < 400, "data": data}, marks)


def failure(error: Failure, marks: Marks) -> Response:
    """An error of the family, with the status of its branch."""
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details is not None:
        told["details"] = error.details
    response = _response(status, {"success": False, "error": told}, marks)
    if status == 503:
        response["headers"]["retry-after"] = str(_RETRY_AFTER_SECONDS)
    return response


def internal_error(marks: Marks) -> Response:
    """A bug: the log has the exception, the caller only the request id to report."""
    told = {"code": "internal_error", "message": "an internal error; report the request_id"}
    return _response(500, {"success": False, "error": told}, marks)


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC with microseconds; now, when no moment is given."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _response(status: int, envelope: dict[str, Any], marks: Marks) -> Response:
    body = {**envelope, "timestamp": timestamp(), **marks}
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": marks["request_id"],
        },
        "body": exact_json.render(body),
    }
