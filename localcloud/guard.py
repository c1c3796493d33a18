"""Refuses what the emulator would let any program or web page on this machine do.

Untouched, it takes the access key `test` or any twelve digits as root without a signature, leaves
its reset and configuration endpoints open, and lets every web page call the AWS API.
"""

import re
from urllib.parse import parse_qs

from localcloud.asgi import App, Receive, Scope, Send, answer, headers

_LOCAL_HOST = re.compile(r"(?:[a-z0-9.-]+\.)?localhost|127\.0\.0\.1|\[::1\]")
_HEALTH = ("/_ministack/health", "/_ministack/ready")
_FREE_ROOT = re.compile(r"test|\d{12}")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]*)|^AWS ([^:\s]*):")


class Guard:
    """The outermost layer of the AWS endpoint."""

    def __init__(self, app: App):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403 with the reason."""
        refusal = refuse(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(send, 403, {"__type": "AccessDeniedException", "message": refusal})


def refuse(scope: Scope) -> str | None:
    """Why this request is refused; None when it may pass."""
    sent = headers(scope)
    path = scope["path"]
    if not is_local(sent.get("host", "")):
        return "the embedded cloud answers to local names only"
    if path.startswith(("/_ministack", "/_localstack")) and path not in _HEALTH:
        return "the emulator's administration is closed"
    if _FREE_ROOT.fullmatch(access_key(scope, sent)):
        return "this access key is not a credential of the embedded cloud"
    if "origin" in sent and not is_data_plane(sent.get("host", ""), path):
        preflight = sent.get("access-control-request-headers", "").lower()
        if "authorization" in sent or "authorization" in preflight or "x-amz-target" in preflight:
            return "web pages may not call the AWS API"
    return None


def is_local(host: str) -> bool:
    """Whether a Host header names this machine: another one is a page's that was bound to it."""
    return _LOCAL_HOST.fullmatch(re.sub(r":\d+$", "", host.lower())) is not None


def access_key(scope: Scope, sent: dict[str, str]) -> str:
    """The access key a request names, in its header or its query; empty when it names none."""
    found = _CREDENTIAL.search(sent.get("authorization", ""))
    if found:
        return found[1] or found[2] or ""
    raw: bytes = scope.get("query_string", b"")
    query = parse_qs(raw.decode("latin-1"))
    for name, values in query.items():
        if name.lower() in ("x-amz-credential", "awsaccesskeyid"):
            return values[-1].split("/")[0]
    return ""


def is_data_plane(host: str, path: str) -> bool:
    """Whether a request goes to what is deployed rather than to the AWS API itself."""
    return (
        path.startswith("/_aws/execute-api/") or ".execute-api." in host or ".cloudfront." in host
    )
