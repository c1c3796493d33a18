"""API Gateway in front of every deployed API.

HTTP APIs get throttling, the access log, the error bodies of a failed integration and the answer to
a foreign preflight; REST APIs their web ACL, the access log and error bodies that keep a function's
text inside. Both get the 10 MB payload limit.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

import asyncio
import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.asgi import App, Receive, Scope, Send, body_of, each_header, replay
from localcloud.gateway.access_log import AccessLog
from localcloud.gateway.exchange import Exchange
from localcloud.gateway.sent import SERVED, handed_on, peer
from localcloud.gateway.settings import Stages
from localcloud.gateway.stage import Address, Stage, address_of
from localcloud.gateway.statements import WebRequest

PAYLOAD_LIMIT = 10 * 1024 * 1024
# Each concurrent call has a function process of its own, 50 MB each: more than these wait their
# turn, where AWS would start another execution environment.
_CONCURRENT_CALLS = 16
# The services that hold an API's settings, as the emulator names them.
_SETTINGS = frozenset({"apigateway", "apigateway_v1", "waf"})

_log = logging.getLogger(__name__)


class Gateway:
    """ASGI layer that serves requests to deployed APIs as API Gateway does."""

    def __init__(self, app: App, stages: Stages, access_log: AccessLog) -> None:
        self._app = app
        self._reader = stages
        self._access_log = access_log
        self._turns = asyncio.Semaphore(_CONCURRENT_CALLS)
        self._stages: dict[tuple[str, str], Stage | None] = {}
        self._stale: dict[tuple[str, str], Stage | None] = {}
        self._reading = asyncio.Lock()

    def changed(self, services: frozenset[str] | None) -> None:
        """Read every stage's settings again where they may have changed; its counts go on.

        Args:
            services: The services that changed; None for any.
        """
        if services is None or services & _SETTINGS:
            self._stale |= self._stages
            self._stages = {}

    def web_acls(self) -> list[dict[str, Any]]:
        """What each web ACL has done so far: counts by rule and action, and sampled requests."""
        known = (self._stale | self._stages).values()
        return [stage.firewall.report() for stage in known if stage and stage.firewall]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        address = address_of(scope)
        stage = await self._stage(address) if address else None
        if address is None:
            await self._app(scope, receive, send)
            return
        if stage is None:
            await self._app(_by_path(scope, address, default_stage=False), receive, send)
            return
        exchange = Exchange(scope, address, stage, send)
        await self._serve(scope, receive, address, stage, exchange)
        if stage.log_group:
            self._access_log.write(stage.log_group, exchange.log_line())

    async def _serve(
        self, scope: Scope, receive: Receive, address: Address, stage: Stage, exchange: Exchange
    ) -> None:
        if stage.bucket and not stage.bucket.take(time.monotonic()):
            await exchange.refuse(429, "Too Many Requests")
            return
        body = await body_of(receive, limit=PAYLOAD_LIMIT)
        if body is None:
            await exchange.refuse(413, "Request Entity Too Large")
        elif stage.firewall and stage.firewall.judge(_seen(scope, address, body)).action == "BLOCK":
            await exchange.refuse(403, "Forbidden")
        else:
            exchange.body = body
            async with self._turns:
                inner = _by_path(scope, address, default_stage=not stage.rest)
                inner = handed_on(inner, rest=stage.rest)
                SERVED.set(inner)
                await self._app(inner, replay(body, receive), exchange.send)

    async def _stage(self, address: Address) -> Stage | None:
        key = (address.api_id, address.path.split("/")[1])
        if key in self._stages:
            return self._stages[key]  # It does not wait while another API's settings are read.
        async with self._reading:
            known = self._stages
            if key not in known:
                try:
                    stage = await asyncio.to_thread(self._reader.read, address)
                except (ClientError, BotoCoreError):
                    if key not in self._stale:
                        raise  # Not served rather than without its firewall.
                    _log.exception("the settings of API %s cannot be read", address.api_id)
                    return self._stale[key]
                if stage:
                    stage.keep_counts_of(self._stale.pop(key, None))
                # What changed meanwhile has begun another dictionary: this one serves only now.
                known[key] = stage
            return known[key]


def _seen(scope: Scope, address: Address, body: bytes) -> WebRequest:
    raw: bytes = scope.get("query_string", b"")
    raw_path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    return WebRequest(
        method=scope["method"],
        path=raw_path.removeprefix(f"/_aws/execute-api/{address.api_id}"),
        query=raw.decode("latin-1"),
        # On AWS the host is the API's own: a rule against `localhost` would block everyone here.
        headers=tuple(
            (name, f"{address.api_id}.execute-api.amazonaws.com" if name == "host" else value)
            for name, value in each_header(scope)
        ),
        body=body,
        source_ip=peer(scope),
    )


def _by_path(scope: Scope, address: Address, *, default_stage: bool) -> Scope:
    """A request addressed by its host, as one by path.

    The emulator has answers of its own for some paths of its root, as `/health`.
    """
    if not address.by_host:
        return scope
    prefix = f"/_aws/execute-api/{address.api_id}" + ("/$default" if default_stage else "")
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {
        **scope,
        "path": prefix + scope["path"],
        "raw_path": prefix.encode() + scope.get("raw_path", scope["path"].encode()),
        "headers": [*others, (b"host", b"localhost")],
    }
