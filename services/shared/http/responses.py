"""Answers of the APIs: their envelope, and the one place that maps errors to HTTP statuses."""

from collections.abc import Mapping
from typing import Any

from services.shared.http import errors, exact_json
from services.shared.http.text import timestamp

Response = dict[str, Any]
Envelope = Mapping[str, str]  # what an answer says of its request: `request_id`, maybe `stage`

_STATUSES: dict[type[errors.Failure], int] = {
    errors.InvalidRequest: 400,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.InternalError: 500,
    errors.Unavailable: 503,
}


def success(status: int, data: exact_json.Json, envelope: Envelope) -> Response:
    """Make the answer of a request that was done; health, when down, has a status above 399."""
    return _response(status, {"success": status < 400, "data": data}, envelope)


def failure(error: errors.Failure, envelope: Envelope) -> Response:
    """Make the answer of an error, with the status of its branch of the family."""
    [status] = [_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES]
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details is not None:
        told["details"] = error.details
    response = _response(status, {"success": False, "error": told}, envelope)
    if isinstance(error, errors.Unavailable):
        response["headers"]["retry-after"] = "1"  # second
    if isinstance(error, errors.MethodNotAllowed):
        response["headers"]["allow"] = ", ".join(error.methods)
    return response


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
