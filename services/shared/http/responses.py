"""Answers of the APIs: their envelope, and the one place that maps errors to HTTP statuses."""

from collections.abc import Mapping
from typing import Any

from services.shared.http import exact_json
from services.shared.http.errors import (
    Conflict,
    Failure,
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unavailable,
)
from services.shared.timestamps import timestamp

Response = dict[str, Any]
Envelope = Mapping[str, str]  # what an answer says of its request: `request_id`, maybe `stage`

_STATUSES: dict[type[Failure], int] = {
    InvalidRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    Unavailable: 503,
}
_RETRY_AFTER_SECONDS = 1


def success(status: int, data: exact_json.Json, envelope: Envelope) -> Response:
    """Make the answer of a request that was done; health, when down, has a status above 399."""
    return _response(status, {"success": status < 400, "data": data}, envelope)


def failure(error: Failure, envelope: Envelope) -> Response:
    """Make the answer of an error, with the status of its branch of the family."""
    [status] = [_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES]
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details is not None:
        told["details"] = error.details
    response = _response(status, {"success": False, "error": told}, envelope)
    if isinstance(error, Unavailable):
        response["headers"]["retry-after"] = str(_RETRY_AFTER_SECONDS)
    if isinstance(error, MethodNotAllowed):
        response["headers"]["allow"] = ", ".join(error.methods)
    return response


def internal_error(envelope: Envelope) -> Response:
    """Make the answer of a bug: the log has the exception, the caller an id to report."""
    told = {"code": "internal_error", "message": "an internal error; report the request_id"}
    return _response(500, {"success": False, "error": told}, envelope)


def _response(status: int, outcome: dict[str, Any], envelope: Envelope) -> Response:
    body = {**outcome, "timestamp": timestamp(), **envelope}
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": envelope["request_id"],
        },
        "body": exact_json.render(body),
    }
