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
Checked: ministack 1.5.32, 1.5.33.
"""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, s3

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace

REQUEST_LIMIT = 6 * 1024 * 1024
ANSWER_LIMIT = REQUEST_LIMIT + 100
EVENT_LIMIT = 1024 * 1024
_TOO_LONG = {"statusCode": 413, "body": json.dumps({"message": "Request Too Long"})}


def install(cloud: Cloud) -> None:
    """Refuse payloads of functions and files of forms as AWS does."""
    del cloud
    replace(lambda_svc, "_invoke", _invocation())
    replace(lambda_svc, "_execute_function_warm", _answer())
    execute = need(lambda_svc, "_execute_function")
    replace(  # what an API hands to a function
        lambda_svc,
        "_execute_function",
        lambda function, event: (
            {"body": _TOO_LONG} if _size(event) > REQUEST_LIMIT else execute(function, event)
        ),
    )
    _compare_forms()


def _invocation() -> Callable[..., Any]:
    invoke = need(lambda_svc, "_invoke")

    async def bounded(name: str, event: Any, headers: dict[str, str], *rest: Any) -> Any:
        size = int(headers.get("content-length") or _size(event))
        limit, why = (
            REQUEST_LIMIT,
            f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation",
        )
        if headers.get("x-amz-invocation-type") == "Event":
            limit, why = (
                EVENT_LIMIT,
                (
                    f"{size} byte payload is too large for the Event invocation type "
                    f"(limit {EVENT_LIMIT} bytes)"
                ),
            )
        if size > limit:
            return error_response_json("RequestEntityTooLargeException", why, 413)
        return await invoke(name, event, headers, *rest)

    return bounded


def _answer() -> Callable[..., Any]:
    run = need(lambda_svc, "_execute_function_warm")
    said = f"Response payload size exceeded maximum allowed payload size ({ANSWER_LIMIT} bytes)."
    body = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said}
    failed = {"error": True, "function_error": "Unhandled", "body": body}

    def bounded(function: dict[str, Any], event: Any, request_id: str) -> Any:
        result = run(function, event, request_id)
        return result | failed if _size(result.get("body")) > ANSWER_LIMIT else result

    return bounded


def _size(payload: Any) -> int:
    if isinstance(payload, str | bytes):
        return len(payload)
    return len(json.dumps(payload, ensure_ascii=False, default=str).encode())


def _compare_forms() -> None:
    """Answer BadDigest once the form's signature and policy are found good."""
    post, parse = need(s3, "_post_object"), need(s3, "_parse_multipart_form")
    accept = need(s3, "_enforce_signed_post_policy")
    compare = need(s3, "_resolve_object_checksums")
    sent: ContextVar[bytes] = ContextVar("sent", default=b"")

    def posted(bucket: str, body: bytes, headers: dict[str, str]) -> Any:
        parts = parse(headers.get("content-type", ""), body)
        sent.set(next((value for name, _, _, value in parts or [] if name == "file"), b""))
        return post(bucket, body, headers)

    def accepted(fields: dict[str, str], *rest: Any) -> Any:
        return accept(fields, *rest) or compare(sent.get(), fields)[1]

    replace(s3, "_post_object", posted)
    replace(s3, "_enforce_signed_post_policy", accepted)
