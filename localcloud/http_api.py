"""What API Gateway does in front of an HTTP API and the emulator does not.

Throttling, the 10 MB payload limit, the access log, the error bodies of a failed integration and
the answer to a preflight of a foreign origin. All of it follows the deployed stage's own settings,
read through the public API. Limits and bodies:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

import asyncio
import base64
import json
import logging
import os
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.access_log import AccessLog
from localcloud.asgi import App, Message, Receive, Scope, Send, answer, body_of, headers, replay
from localcloud.cloud import Cloud

PAYLOAD_LIMIT = 10 * 1024 * 1024
# Each concurrent call has a function process of its own, 50 MB each: more than these wait their
# turn, where AWS would start another execution environment.
_CONCURRENT_CALLS = 16
_SETTINGS_SECONDS = 2.0
_PATH = re.compile(r"/_aws/execute-api/(?P<api>[a-z0-9]+)(?P<path>/.*)?")
_HOST = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.")

_log = logging.getLogger(__name__)


@dataclass
class Bucket:
    """A token bucket: `burst` tokens, refilled at `rate` a second."""

    rate: float
    burst: float
    tokens: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take a token at the time `now` (seconds); False when none is left."""
        if self.tokens < 0:
            self.tokens = self.burst
        else:
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Stage:
    """The `$default` stage of one HTTP API, as deployed."""

    routes: frozenset[str]
    bucket: Bucket | None
    log_group: str
    log_format: str
    read_at: float = field(default_factory=time.monotonic)


class HttpApis:
    """The layer in front of every HTTP API; anything else passes through untouched."""

    def __init__(self, app: App, cloud: Cloud, access_log: AccessLog):
        self._app = app
        self._gateway = cloud.client("apigatewayv2")
        self._access_log = access_log
        self._stages: dict[str, Stage | None] = {}
        self._turns = asyncio.Semaphore(_CONCURRENT_CALLS)
        self._refreshing: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Read every stage's settings again at its next request."""
        self._stages.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request to an HTTP API as API Gateway would."""
        api = _api_of(scope)
        stage = await self._stage(api[0]) if api else None
        if api is None or stage is None:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, api_id=api[0], path=api[1], send=send)
        if stage.bucket and not stage.bucket.take(time.monotonic()):
            await exchange.refuse(429, "Too Many Requests")
        else:
            body = await body_of(receive, limit=PAYLOAD_LIMIT)
            if body is None:
                await exchange.refuse(413, "Request Entity Too Large")
            else:
                async with self._turns:
                    inner = _addressed_by_path(scope, api[0])
                    await self._app(inner, replay(body, receive), exchange.send)
        if stage.log_group:
            line = exchange.log_line(stage)
            self._access_log.write(stage.log_group, line)

    async def _stage(self, api_id: str) -> Stage | None:
        if api_id not in self._stages:
            await self._read(api_id)
        stage = self._stages.get(api_id)
        stale = stage is not None and time.monotonic() - stage.read_at > _SETTINGS_SECONDS
        if stale and api_id not in self._refreshing:
            # Served from what was read last, while it is read again: no request waits for it.
            self._refreshing.add(api_id)
            task = asyncio.create_task(self._read(api_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return stage

    async def _read(self, api_id: str) -> None:
        try:
            stage = await asyncio.to_thread(self._describe, api_id)
        except (ClientError, BotoCoreError):
            _log.exception("the settings of API %s cannot be read", api_id)
            return
        finally:
            self._refreshing.discard(api_id)
        known = self._stages.get(api_id)
        if stage and known and stage.bucket and known.bucket:
            same = (stage.bucket.rate, stage.bucket.burst) == (
                known.bucket.rate,
                known.bucket.burst,
            )
            stage.bucket = known.bucket if same else stage.bucket
        self._stages[api_id] = stage

    def _describe(self, api_id: str) -> Stage | None:
        try:
            deployed = self._gateway.get_stage(ApiId=api_id, StageName="$default")
        except self._gateway.exceptions.NotFoundException:
            return None
        limits = deployed.get("DefaultRouteSettings", {})
        rate, burst = limits.get("ThrottlingRateLimit"), limits.get("ThrottlingBurstLimit")
        log = deployed.get("AccessLogSettings", {})
        routes = self._gateway.get_routes(ApiId=api_id).get("Items", [])
        return Stage(
            routes=frozenset(route["RouteKey"] for route in routes),
            bucket=Bucket(rate=float(rate), burst=float(burst)) if rate and burst else None,
            log_group=log.get("DestinationArn", "").removesuffix(":*").partition(":log-group:")[2],
            log_format=log.get("Format", ""),
        )


class Exchange:
    """One request to an HTTP API and the answer to it."""

    def __init__(self, scope: Scope, *, api_id: str, path: str, send: Send):
        self._scope = scope
        self._send = send
        self._api_id = api_id
        self._path = path
        self._began = time.monotonic()
        self._request_id = base64.b64encode(os.urandom(11)).decode()
        self._start: Message | None = None
        self._failure = ""
        self._status = 0
        self._size = 0

    async def refuse(self, status: int, message: str) -> None:
        """Answer in the gateway's own words."""
        self._failure = message
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
        if start["status"] == 502 and b'"errorType"' in body:
            # AWS keeps the function's text to itself.
            timed_out = b"Sandbox.Timedout" in body or b"Task timed out" in body
            status, text = (
                (503, "Service Unavailable") if timed_out else (500, "Internal Server Error")
            )
            start["status"], self._failure = status, body.decode("utf-8", "replace")
            message = {**message, "body": json.dumps({"message": text}).encode()}
        elif start["status"] == 403 and self._scope["method"] == "OPTIONS":
            # A preflight of a foreign origin is answered, without any CORS header.
            start["status"] = 204
            message = {**message, "body": b""}
        named["content-length"] = str(len(message.get("body", b""))).encode()
        if message.get("more_body"):
            del named["content-length"]
        self._request_id = named.get("x-request-id", self._request_id.encode()).decode("latin-1")
        named["apigw-requestid"] = self._request_id.encode("latin-1")
        start["headers"] = [(name.encode("latin-1"), value) for name, value in named.items()]
        return message

    def log_line(self, stage: Stage) -> str:
        """The stage's log format with this request's values; `-` for what is not known."""
        sent = headers(self._scope)
        method = self._scope["method"]
        route = f"{method} {self._path}"
        client = (self._scope.get("client") or ("127.0.0.1",))[0]
        now = datetime.now(UTC)
        elapsed = str(round((time.monotonic() - self._began) * 1000))
        values = {
            "requestId": self._request_id,
            "extendedRequestId": self._request_id,
            "apiId": self._api_id,
            "stage": "$default",
            "httpMethod": method,
            "path": self._path,
            "protocol": "HTTP/" + self._scope.get("http_version", "1.1"),
            "routeKey": route if route in stage.routes else "-",
            "status": str(self._status),
            "responseLength": str(self._size),
            "responseLatency": elapsed,
            "integrationLatency": elapsed,
            "integrationErrorMessage": self._failure or "-",
            "error.message": self._failure or "-",
            "identity.sourceIp": client,
            "identity.userAgent": sent.get("user-agent", "-"),
            "domainName": sent.get("host", "-"),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": str(int(now.timestamp() * 1000)),
        }
        # Escaped for JSON, so that no header can end a field and begin another.
        return re.sub(
            r"\$context\.([A-Za-z_.]*[A-Za-z])",
            lambda name: json.dumps(values.get(name[1], "-"))[1:-1],
            stage.log_format,
        )


def _api_of(scope: Scope) -> tuple[str, str] | None:
    if scope["type"] != "http":
        return None
    by_host = _HOST.match(headers(scope).get("host", ""))
    if by_host:
        return by_host["api"], scope["path"]
    by_path = _PATH.fullmatch(scope["path"])
    if by_path is None:
        return None
    path = by_path["path"] or "/"
    return by_path["api"], "/" + path.removeprefix("/$default").lstrip("/")


def _addressed_by_path(scope: Scope, api_id: str) -> Scope:
    """The same request under a path: the emulator has answers of its own for some, as `/health`."""
    if not _HOST.match(headers(scope).get("host", "")):
        return scope
    prefix = f"/_aws/execute-api/{api_id}/$default"
    raw = prefix.encode() + scope.get("raw_path", scope["path"].encode())
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    host = (b"host", b"localhost")
    return {
        **scope,
        "path": prefix + scope["path"],
        "raw_path": raw,
        "headers": [*others, host],
    }


def settings_changed(scope: Scope) -> bool:
    """Whether a request to the AWS API may have changed the settings of an API."""
    signed = headers(scope).get("authorization", "")
    writes: Any = scope.get("method") not in ("GET", "HEAD")
    return bool(writes and ("/apigateway/" in signed or "/cloudformation/" in signed))
