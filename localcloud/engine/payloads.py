"""Lambda's limits of what a function is sent and what it may answer.

Changes: An event of more than 6 MB, or 1 MB where nobody waits for the answer, is refused; a larger
    answer is an error of the function. A presigned POST's checksum is compared with its file.
Original: There are no limits. The checksum is not looked at.
AWS:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
Checked: ministack 1.5.32, 1.5.33.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, s3

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace

_WAITING, _UNATTENDED = 6 * 1024 * 1024, 1024 * 1024
# What AWS allows an answer beside the 6 MB.
_ANSWER = _WAITING + 100
_TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({_ANSWER} bytes)."

Answer = tuple[int, dict[str, str], bytes]


def install(cloud: Cloud) -> None:
    """Hold events, answers and uploads to their limits and checksums.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    del cloud
    execute, invoke = need(lambda_svc, "_execute_function"), need(lambda_svc, "_invoke")
    post, parts_of = need(s3, "_post_object"), need(s3, "_parse_multipart_form")
    mismatch = need(s3, "_resolve_object_checksums")

    def execute_within(function: dict[str, Any], event: Any) -> dict[str, Any]:
        if _size(event) > _WAITING:
            return {"error": True, "body": _refused_by_api(event)}
        found: dict[str, Any] = execute(function, event)
        body = found.get("body")
        if (len(body) if isinstance(body, str | bytes) else _size(body)) > _ANSWER:
            error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": _TOO_LARGE}
            found |= {"error": True, "body": error}
        return found

    async def invoke_within(
        name: str, event: Any, headers: dict[str, str], *rest: Any, **named: Any
    ) -> Any:
        sent = {key.lower(): value for key, value in headers.items()}
        kind = sent.get("x-amz-invocation-type", "RequestResponse")
        limit, size = _UNATTENDED if kind == "Event" else _WAITING, _size(event)
        if size > limit:
            words = f"{size} byte payload is too large for the {kind} invocation type"
            said = f"{words} (limit {limit} bytes)"
            return error_response_json("RequestEntityTooLargeException", said, 413)
        return await invoke(name, event, headers, *rest, **named)

    def post_object(bucket: str, body: bytes, headers: dict[str, str]) -> Any:
        parts = parts_of(headers.get("content-type", ""), body)
        fields = {name.lower(): value for name, _, _, value in parts}
        stated = {
            name: value.decode("latin-1")
            for name, value in fields.items()
            if name.startswith("x-amz-checksum-")
        }
        refused = mismatch(fields["file"], stated)[1] if "file" in fields else None
        return refused or post(bucket, body, headers)

    replace(lambda_svc, "_execute_function", execute_within)
    replace(lambda_svc, "_invoke", invoke_within)
    replace(s3, "_post_object", post_object)


def _size(value: Any) -> int:
    """The bytes of a payload as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def _refused_by_api(event: Any) -> dict[str, Any]:
    """What an API of either kind answers in place of a function that cannot be sent the event."""
    is_http = isinstance(event, dict) and event.get("version") == "2.0"
    message = "Request Entity Too Large" if is_http else "Request Too Long"
    content = {"Content-Type": "application/json"}
    return {"statusCode": 413, "headers": content, "body": json.dumps({"message": message})}
