"""Request to a deployed API and its answer, corrected to what AWS sends."""

import base64
import json
import os
import re
import time
from datetime import UTC, datetime

from localcloud.addresses import Address
from localcloud.asgi import Message, Scope, Send, answer, headers
from localcloud.gateway.sent import peer
from localcloud.gateway.stages import Stage

# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_REASONS = {
    "Forbidden": "WAF_FILTERED",
    "Too Many Requests": "THROTTLED",
    "Request Entity Too Large": "REQUEST_TOO_LARGE",
    "Internal server error": "DEFAULT_5XX",
}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
_VARIABLE = re.compile(r"\$context\.([A-Za-z_.]*[A-Za-z])")
# What a function that failed has said, in a message of the emulator's too.
_FUNCTIONS_OWN = re.compile(rb'"errorType\\?"')


class Exchange:
    """A request while it is answered."""

    def __init__(self, scope: Scope, address: Address, stage: Stage, send: Send) -> None:
        self._scope = scope
        self._address = address
        self._stage = stage
        self._send = send
        self._began = time.monotonic()
        self._request_id = base64.b64encode(os.urandom(11)).decode()
        self._start: Message | None = None
        self._failure = ""
        self._status = 0
        self._size = 0

    async def refuse(self, status: int, message: str) -> None:
        """Answer in the gateway's own words, or in those that a REST API's template gives it."""
        self._failure = message
        if self._stage.rest:
            of_type = (_REASONS[message], message, self._request_id)
            status, named, body = self._stage.own_answer(*of_type)
            await answer(self.send, status, body, named)
        else:
            await answer(self.send, status, {"message": message})

    async def send(self, message: Message) -> None:
        """Pass the answer on, held back until its first bytes tell what the function did."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None and message["type"] == "http.response.body":
            start, self._start = self._start, None
            message = self._corrected(start, message)
            self._status = start["status"]
            await self._send(start)
        self._size += len(message.get("body", b""))
        await self._send(message)

    def _corrected(self, start: Message, message: Message) -> Message:
        named = {name.decode("latin-1").lower(): value for name, value in start["headers"]}
        body = message.get("body", b"")
        told = named.get("x-request-id") or named.get("x-amzn-requestid") or b""
        self._request_id = told.decode("latin-1") or self._request_id
        if start["status"] == 502 and _FUNCTIONS_OWN.search(body):
            # AWS keeps the function's text to itself.
            self._failure = body.decode("utf-8", "replace")
            body = self._failed(start, named, body)
        elif start["status"] == 403 and self._scope["method"] == "OPTIONS" and not self._stage.rest:
            # A preflight of a foreign origin is answered, without any CORS header.
            start["status"], body = 204, b""
        if message.get("more_body"):
            named.pop("content-length", None)
        else:
            named["content-length"] = str(len(body)).encode()
        if not self._stage.rest:
            named["apigw-requestid"] = self._request_id.encode("latin-1")
        start["headers"] = [(name.encode("latin-1"), value) for name, value in named.items()]
        return {**message, "body": body}

    def _failed(self, start: Message, named: dict[str, bytes], body: bytes) -> bytes:
        if self._stage.rest:
            of_type = ("DEFAULT_5XX", "Internal server error", self._request_id)
            _, extra, own = self._stage.own_answer(*of_type)
            named |= {name: value.encode("latin-1") for name, value in extra.items()}
            return own
        timed_out = b"Sandbox.Timedout" in body or b"Task timed out" in body
        start["status"] = 503 if timed_out else 500
        text = "Service Unavailable" if timed_out else "Internal Server Error"
        return json.dumps({"message": text}).encode()

    def _route(self) -> str:
        """The path below the stage."""
        return "/" + self._address.path.removeprefix(f"/{self._stage.name}").lstrip("/")

    def log_line(self, line_format: str) -> str:
        """A line of the access log with this request's values; `-` for what is not known."""
        sent = headers(self._scope)
        method, route = self._scope["method"], self._route()
        now = datetime.now(UTC)
        elapsed = str(round((time.monotonic() - self._began) * 1000))
        values = {
            "requestId": self._request_id,
            "extendedRequestId": self._request_id,
            "apiId": self._address.id,
            "stage": self._stage.name,
            "httpMethod": method,
            "path": self._address.path,
            "resourcePath": self._stage.resource_of(route),
            "protocol": "HTTP/" + self._scope.get("http_version", "1.1"),
            "routeKey": self._stage.route_of(method, route),
            "status": str(self._status),
            "responseLength": str(self._size),
            "responseLatency": elapsed,
            "integrationLatency": elapsed,
            "integration.latency": elapsed,
            "integrationErrorMessage": self._failure or "-",
            "integration.error": self._failure or "-",
            "error.message": self._failure or "-",
            "identity.sourceIp": peer(self._scope),
            "identity.userAgent": sent.get("user-agent", "-"),
            "domainName": sent.get("host", "-"),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": str(int(now.timestamp() * 1000)),
            **_claims_of(sent.get("authorization", ""), self._status),
        }
        # Escaped for JSON, so that no header can end a field and begin another.
        escaped = {name: json.dumps(value)[1:-1] for name, value in values.items()}
        return _VARIABLE.sub(lambda name: escaped.get(name[1], "-"), line_format)


def _claims_of(authorization: str, status: int) -> dict[str, str]:
    """The claims of a token that the authorizer has accepted."""
    if status in (0, 401) or not authorization.startswith("Bearer "):
        return {}
    try:
        payload = authorization.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return {f"authorizer.claims.{name}": str(value) for name, value in claims.items()}
