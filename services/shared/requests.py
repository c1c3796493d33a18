"""From an HTTP API event (payload format 2.0) to its answer: the frame round every handler."""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.shared import aws, responses, telemetry
from services.shared.errors import Failure, refused
from services.shared.responses import Response

Event = dict[str, Any]


@dataclass(slots=True)
class Call:
    """One request; the handler names its operation as soon as it knows it."""

    event: Event
    request_id: str
    operation: str = "unknown"

    def name(self, operation: str) -> None:
        """File the request's logs and metrics under this operation."""
        self.operation = operation
        telemetry.name_operation(operation)


def serve(event: Event, work: Callable[[Call], tuple[int, Any]]) -> Response:
    """Answer with the status and data that `work` gives, or with the failure it raises.

    Whatever happens, there is an answer in the envelope, a log line and the metrics.
    """
    started = time.perf_counter()
    call = Call(event, event["requestContext"]["requestId"])
    telemetry.begin(call.request_id)
    code: str | None = None
    try:
        status, data = work(call)
        response = responses.answer(status, data, request_id=call.request_id)
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # last frame
        failure = _failure(error)
        code = failure.code if failure else "internal_error"
        if failure:
            response = responses.failure(failure, request_id=call.request_id)
        else:
            telemetry.logger.exception("unexpected error")
            response = responses.internal_error(request_id=call.request_id)
    telemetry.finish(
        operation=call.operation,
        status=response["statusCode"],
        duration_ms=(time.perf_counter() - started) * 1000,
        code=code,
    )
    return response


def body(event: Event) -> str | bytes:
    """The request's body, empty when there is none. Raises `InvalidRequest`."""
    given: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return given
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise refused("body", "is not base64", "what isBase64Encoded says") from error


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
