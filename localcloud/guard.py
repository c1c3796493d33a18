"""Guard of both ports: refuses what no client of AWS and no visitor sends.

It tells the two planes apart, once for all layers behind it. Deployed APIs and distributions are
for everybody; a name or path of one that does not exist leads nowhere. The AWS API is for programs
with a key, not for web pages: a page can send requests to localhost, and a name of its own can be
bound to this machine.
"""

import re
from collections import Counter
from urllib.parse import parse_qsl

from localcloud.addresses import address_of
from localcloud.asgi import App, Message, Receive, Refused, Scope, Send, answer, headers
from localcloud.engine.deployed import Deployed

_LOCAL_HOST = re.compile(r"(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")
_DATA_PLANE_HOST = re.compile(r"[^:]*\.(?:execute-api|cloudfront)\.[^:]*")
# The second way leads around the gateway, so it leads nowhere.
_DATA_PLANE_PATH = re.compile(r"/_aws/execute-api(?:/|$)|/restapis/[^/]*/[^/]*/_user_request_")
_ADMINISTRATION = re.compile(r"/_(?:ministack|localstack)|/health$")
_HEADER_ONCE = re.compile(r"host|authorization|origin|content-type|content-length|x-amz-.*")
_QUERY_ONCE = re.compile(r"x-amz-.*|awsaccesskeyid")
_SIGNS = re.compile(r"x-amz-(?:algorithm|credential|signature)|awsaccesskeyid")


class Guard:
    """ASGI layer that passes on what is well formed and for something deployed on this machine."""

    def __init__(self, app: App, deployed: Deployed, *, aws_api: bool) -> None:
        self._app = app
        self._deployed = deployed
        self._aws_api = aws_api  # whether it is behind this port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with the reason why not."""
        scope = _with_small_host(scope)
        try:
            check_form(scope)
            if is_for_deployment(scope):
                self._check_deployed(scope)
            elif self._aws_api:
                send = self._checked_call(scope, send)
        except Refused as refused:
            named = {"__type": "AccessDeniedException", "message": str(refused)}
            await answer(send, refused.status, named)
            return
        await self._app(scope, receive, send)

    def _check_deployed(self, scope: Scope) -> None:
        address = address_of(scope)
        if address is None or not self._deployed.has(address):
            raise Refused(404, "nothing of this name is deployed")

    def _checked_call(self, scope: Scope, send: Send) -> Send:
        """Check a call of the AWS API; returns how its answer is sent."""
        sent = headers(scope)
        if _ADMINISTRATION.match(scope["path"].lower()):
            raise Refused(403, "the emulator's administration is closed")
        if not is_from_page(sent):
            return without_cors(send)
        posts_form = sent.get("content-type", "").lower().startswith("application/x-www-form")
        if posts_form or not self._deployed.is_for_bucket(scope):
            raise Refused(403, "web pages may not call the AWS API")
        return send  # with what the bucket's own CORS configuration says


def check_form(scope: Scope) -> None:
    """Refuse what two readers could understand in two ways, and names of other machines."""
    named = Counter(name.decode("latin-1").lower() for name, _ in scope["headers"])
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    asked = Counter(name.lower() for name, _ in query)
    for times_of, once in ((named, _HEADER_ONCE), (asked, _QUERY_ONCE)):
        for name, times in times_of.items():
            if times > 1 and once.fullmatch(name):
                raise Refused(400, f"{name} is there more than once")
    if "authorization" in named and any(_SIGNS.fullmatch(name) for name in asked):
        raise Refused(400, "a request is signed in its header or in its query, not in both")
    if not scope["raw_path"].startswith(b"/"):
        raise Refused(400, "the request names a whole address instead of a path")
    if not _LOCAL_HOST.fullmatch(host_of(scope)):
        raise Refused(403, "the embedded cloud answers to local names only")


def is_for_deployment(scope: Scope) -> bool:
    """Whether a request names an API or a distribution, by its host or its path."""
    host = host_of(scope).partition(":")[0]
    return bool(_DATA_PLANE_HOST.fullmatch(host) or _DATA_PLANE_PATH.match(scope["path"]))


def host_of(scope: Scope) -> str:
    """The Host that a request names; nothing when it names none."""
    return headers(scope).get("host", "")


def _with_small_host(scope: Scope) -> Scope:
    """The request with its Host in small letters, as every layer behind compares it."""
    small = [
        (name, value.lower() if name.lower() == b"host" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": small}


def is_from_page(sent: dict[str, str]) -> bool:
    """Whether a browser says that a web page sends this."""
    # Browsers say so by themselves, a form's POST included, and no page can prevent it:
    # https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    return "origin" in sent or sent.get("sec-fetch-site", "none") != "none"


def without_cors(send: Send) -> Send:
    """Send an answer without the headers that would let a page of any origin read it."""

    async def plain(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message["headers"]
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return plain
