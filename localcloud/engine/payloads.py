"""Payloads that Lambda and S3 refuse: too large, or not what their checksum says.

Changes: Lambda takes 6 MB in a request and in an answer, and 1 MB in an event. A file that a signed
    form sends is held against the checksums of the form.
Original: Any size is taken. A form's checksums are fields like any other.
Fault: the emulator's; `_invoke` and `_execute_function` would refuse larger payloads, and
    `_post_object` would compare the checksums of a form as PutObject does.
AWS:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    The messages are those that clients of AWS have reported; that an answer may have 100 bytes more
    than a request is not documented either.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, s3

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, wrap

REQUEST_LIMIT = 6 * 1024 * 1024
ANSWER_LIMIT = REQUEST_LIMIT + 100
EVENT_LIMIT = 1024 * 1024
_TOO_LONG = {"statusCode": 413, "body": json.dumps({"message": "Request Too Long"})}
# The file of the form that is being taken.
_SENT: ContextVar[bytes] = ContextVar("sent", default=b"")


def install(_cloud: Cloud) -> None:
    """Refuse payloads of functions and files of forms as AWS does."""
    wrap(lambda_svc, "_invoke", _invoke)
    wrap(lambda_svc, "_execute_function_warm", _answer)
    wrap(lambda_svc, "_execute_function", _execute)
    wrap(s3, "_post_object", _post_form)
    wrap(s3, "_enforce_signed_post_policy", _accept_form)


async def _invoke(invoke: Any, name: str, event: Any, headers: dict[str, str], *rest: Any) -> Any:
    size = int(headers.get("content-length") or _size(event))
    limit = REQUEST_LIMIT
    why = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    if headers.get("x-amz-invocation-type") == "Event":
        limit, of = EVENT_LIMIT, f"the Event invocation type (limit {EVENT_LIMIT} bytes)"
        why = f"{size} byte payload is too large for {of}"
    if size > limit:
        return error_response_json("RequestEntityTooLargeException", why, 413)
    return await invoke(name, event, headers, *rest)


def _execute(execute: Any, function: dict[str, Any], event: Any) -> Any:
    """Execute a function for an API, which answers itself that the request is too long."""
    return {"body": _TOO_LONG} if _size(event) > REQUEST_LIMIT else execute(function, event)


def _answer(run: Any, function: dict[str, Any], event: Any, request_id: str) -> Any:
    result = run(function, event, request_id)
    if _size(result.get("body")) <= ANSWER_LIMIT:
        return result
    said = f"Response payload size exceeded maximum allowed payload size ({ANSWER_LIMIT} bytes)."
    body = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said}
    return result | {"error": True, "function_error": "Unhandled", "body": body}


def _size(payload: Any) -> int:
    if isinstance(payload, str | bytes):
        return len(payload)
    return len(json.dumps(payload, ensure_ascii=False, default=str).encode())


def _post_form(post: Any, bucket: str, body: bytes, headers: dict[str, str]) -> Any:
    parts = need(s3, "_parse_multipart_form")(headers.get("content-type", ""), body) or []
    _SENT.set(next((value for name, _, _, value in parts if name == "file"), b""))
    return post(bucket, body, headers)


def _accept_form(accept: Any, fields: dict[str, str], *rest: Any) -> Any:
    """Answer BadDigest once the form's signature and policy are found good."""
    return accept(fields, *rest) or need(s3, "_resolve_object_checksums")(_SENT.get(), fields)[1]
