"""Requests of API Gateway (HTTP API 2.0 or REST API) and the frame in which each is answered."""

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.shared import aws
from services.shared.http import errors, exact_json, responses
from services.shared.http.errors import Failure
from services.shared.http.exact_json import Json
from services.shared.http.responses import Response
from services.shared.http.text import plain
from services.shared.telemetry import logger

Event = dict[str, Any]
Request = dict[str, Json]

_REQUEST_ID_LENGTH = 128
_WHOLE_NUMBER = re.compile("[0-9]{1,9}")


@dataclass
class Call:
    """One request on its way to its answer."""

    event: Event  # what API Gateway gave the function
    envelope: dict[str, str]  # what every answer's envelope says of the request
    request: Request = field(default_factory=dict)  # its parts, once they are checked
    # Of the answer, besides the common ones, be it a success or not.
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200  # HTTP status of the answer if it is a success


def serve(event: Event, run: Callable[[Call], Json], **envelope: str) -> Response:
    """Answer a request; whatever happens, there is an answer and a log line.

    `run` gives the data of the answer, or raises a `Failure`; `envelope` is what the answer's
    envelope says of the request besides its id.
    """
    started = time.perf_counter()
    # A client of a REST API can choose the request's id.
    request_id = plain(event["requestContext"]["requestId"], _REQUEST_ID_LENGTH)
    call = Call(event, {"request_id": request_id, **envelope})
    logger.append_keys(request_id=request_id, operation="unknown")
    code: str | None = None
    try:
        data = run(call)
        response = responses.success(call.status, data, call.envelope)
    except Exception as error:  # noqa: BLE001  # last frame
        failure = _to_failure(error)
        code = failure.code
        response = responses.failure(failure, call.envelope)
    response["headers"] |= call.headers
    took = round((time.perf_counter() - started) * 1000, 1)
    told = {"status": response["statusCode"], "code": code, "duration_ms": took}
    logger.info("request", extra=told)
    return response


def json_body(event: Event, *, limit: int) -> Json:
    """Parse the request's body; raise `RequestTooLarge` or `InvalidRequest` if it cannot be.

    `limit` is in characters, which are never more than the bytes. What is longer is refused before
    it is decoded or parsed, which costs as much as it is long.
    """
    body: str = event.get("body") or ""
    encoded = event.get("isBase64Encoded")
    if len(body) > ((limit + 2) // 3 * 4 if encoded else limit):
        raise errors.RequestTooLarge(limit)
    if not encoded:
        return exact_json.parse(body)
    try:
        decoded = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise errors.refused("body", "is not base64", "what isBase64Encoded says") from error
    return exact_json.parse(decoded)


def read_numbers(query: Request, *names: str) -> Request:
    """Make numbers of a query's parameters of these names, where they are written as such."""
    given = {name: query[name] for name in names if name in query}
    return query | {n: int(text) for n, text in given.items() if _WHOLE_NUMBER.fullmatch(text)}


def _to_failure(error: Exception) -> Failure:
    """Return what the caller is told of an error, and log what the caller is not told."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, (BotoCoreError, ClientError)) and aws.is_transient(error):
        logger.warning("dependency failed", extra={"dependency_error": str(error)})
        return errors.Unavailable()
    logger.exception("unexpected error")
    return errors.InternalError()
