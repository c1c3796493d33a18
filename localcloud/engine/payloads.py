"""Payloads that Lambda and S3 refuse: too large, or not what their checksum says.

Changes: Lambda takes 6 MB in a request and in an answer, and 1 MB in an event. A file that a signed
    form sends is held against the checksums of the form.
Original: Any size is taken. A form's checksums are fields like any other.
AWS:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    The messages are those that clients of AWS have reported; that an answer may have 100 bytes more
    than a request is not documented either.
Checked: ministack 1.5.32, 1.5.33.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, s3

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace

REQUEST_LIMIT = 6 * 1024 * 1024
ANSWER_LIMIT = REQUEST_LIMIT + 100
EVENT_LIMIT = 1024 * 1024
_TOO_LARGE_ANSWER = {
    "errorType": "Function.ResponseSizeTooLarge",
    "errorMessage": "Response payload size exceeded maximum allowed payload size "
    f"({ANSWER_LIMIT} bytes).",
}
_TOO_LONG = {"statusCode": 413, "body": json.dumps({"message": "Request Too Long"})}


def install(cloud: Cloud) -> None:
    """Refuse payloads of functions and files of forms as AWS does.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    del cloud
    _bound_invocations()
    _bound_functions()
    _compare_forms()


def _bound_invocations() -> None:
    invoke = need(lambda_svc, "_invoke")

    async def bounded(
        name: str, event: Any, headers: dict[str, str], *rest: Any, **named: Any
    ) -> Any:
        said = {header.lower(): value for header, value in headers.items()}
        size, refused = int(said.get("content-length") or _size(event)), ""
        if said.get("x-amz-invocation-type") == "Event":
            if size > EVENT_LIMIT:
                refused = (
                    f"{size} byte payload is too large for the Event invocation type "
                    f"(limit {EVENT_LIMIT} bytes)"
                )
        elif size > REQUEST_LIMIT:
            refused = (
                f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction "
                "operation"
            )
        if refused:
            return error_response_json("RequestEntityTooLargeException", refused, 413)
        return await invoke(name, event, headers, *rest, **named)

    replace(lambda_svc, "_invoke", bounded)


def _bound_functions() -> None:
    """Bound what an API hands to a function, and what any function answers."""
    execute = need(lambda_svc, "_execute_function")
    run = need(lambda_svc, "_execute_function_warm")

    def executed(function: dict[str, Any], event: Any) -> Any:
        return execute(function, event) if _size(event) <= REQUEST_LIMIT else {"body": _TOO_LONG}

    def answered(function: dict[str, Any], event: Any, request_id: str) -> Any:
        result = run(function, event, request_id)
        if _size(result.get("body")) <= ANSWER_LIMIT:
            return result
        failed = {"error": True, "function_error": "Unhandled", "body": _TOO_LARGE_ANSWER}
        return {**result, **failed}

    replace(lambda_svc, "_execute_function", executed)
    replace(lambda_svc, "_execute_function_warm", answered)


def _size(payload: Any) -> int:
    if isinstance(payload, str | bytes):
        return len(payload)
    return len(json.dumps(payload, ensure_ascii=False, default=str).encode())


def _compare_forms() -> None:
    """Answer BadDigest once the form's signature and policy are found good."""
    post, parse = need(s3, "_post_object"), need(s3, "_parse_multipart_form")
    accept, compare = (
        need(s3, "_enforce_signed_post_policy"),
        need(s3, "_resolve_object_checksums"),
    )
    sent: ContextVar[bytes] = ContextVar("sent", default=b"")

    def posted(bucket: str, body: bytes, headers: dict[str, str]) -> Any:
        parts = parse(headers.get("content-type", ""), body)
        sent.set(next((value for name, _, _, value in parts or [] if name == "file"), b""))
        return post(bucket, body, headers)

    def accepted(fields: dict[str, str], *rest: Any) -> Any:
        return accept(fields, *rest) or compare(sent.get(), fields)[1]

    replace(s3, "_post_object", posted)
    replace(s3, "_enforce_signed_post_policy", accepted)
