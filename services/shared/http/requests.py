"""From an API Gateway event (HTTP API 2.0 or REST API) to its answer: every handler's frame."""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.shared import aws, telemetry
from services.shared.http import responses
from services.shared.http.errors import Failure, RequestTooLarge, refused
from services.shared.http.responses import Response
from services.shared.http.text import plain

Event = dict[str, Any]

_REQUEST_ID_LENGTH = 128


@dataclass(slots=True)
class Call:
    """One request; the handler names its operation as soon as it knows it.

    `marks` is what every answer's envelope says of the request; `headers` are those that the
    handler adds to the answer, be it a success or a failure.
    """

    event: Event
    marks: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    operation: str = "unknown"

    def name(self, operation: str) -> None:
        """File the request's logs and metrics under this operation."""
        self.operation = operation
        telemetry.name_operation(operation)


def serve(event: Event, work: Callable[[Call], tuple[int, Any]], **marks: str) -> Response:
    """Answer with the status and data that `work` gives, or with the failure it raises.

    Whatever happens, there is an answer in the envelope, a log line and the metrics. The `marks`
    go into the envelope beside the request's id.
    """
    started = time.perf_counter()
    # A client of a REST API can choose the request's id.
    request_id = plain(event["requestContext"]["requestId"], _REQUEST_ID_LENGTH)
    call = Call(event, {"request_id": request_id, **marks})
    telemetry.begin(request_id)
    code: str | None = None
    try:
        status, data = work(call)
        response = responses.answer(status, data, call.marks)
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # last frame
        failure = _failure(error)
        code = failure.code if failure else "internal_error"
        if failure:
            response = responses.failure(failure, call.marks)
        else:
            telemetry.logger.exception("unexpected error")
            response = responses.internal_error(call.marks)
    response["headers"] |= call.headers
    telemetry.finish(
        operation=call.operation,
        status=response["statusCode"],
        duration_ms=(time.perf_counter() - started) * 1000,
        code=code,
    )
    return response


def body(event: Event, *, limit: int) -> str | bytes:
    """The request's body, empty when there is none.

    `limit` is in characters, which are never more than the bytes. What is longer is refused before
    it is decoded or parsed: that costs as much as it is long. Raises `RequestTooLarge` and
    `InvalidRequest`.
    """
    given: str = event.get("body") or ""
    encoded = event.get("isBase64Encoded")
    if len(given) > (_base64_length(limit) if encoded else limit):
        raise RequestTooLarge(limit)
    if not encoded:
        return given
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise refused("body", "is not base64", "what isBase64Encoded says") from error


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4


def _failure(error: Exception) -> Failure | None:
    """What the caller is told; None for a bug."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, (BotoCoreError, ClientError)):
        failure = aws.as_failure(error)
        if failure:
            telemetry.logger.warning("dependency failed", extra={"dependency_error": str(error)})
        return failure
    return None
