"""API Gateway in front of every deployed API.

HTTP APIs get throttling, the access log, the error bodies of a failed integration and the answer to
a foreign preflight; REST APIs their web ACL, the access log and error bodies that keep a function's
text inside. Both get the 10 MB payload limit.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

import asyncio

from localcloud.addresses import API, Address, address_of
from localcloud.asgi import App, Receive, Scope, Send, body_of, each_header, replay
from localcloud.gateway import access_log
from localcloud.gateway.exchange import Exchange
from localcloud.gateway.sent import SERVED, handed_on, peer
from localcloud.gateway.stages import Stage, WebAcls, stage_of
from localcloud.gateway.statements import WebRequest

PAYLOAD_LIMIT = 10 * 1024 * 1024
# Each concurrent call has a function process of its own, 50 MB each: more than these wait their
# turn, where AWS would start another execution environment.
_CONCURRENT_CALLS = 16


class Gateway:
    """ASGI layer that serves requests to deployed APIs as API Gateway does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(_CONCURRENT_CALLS)
        self.web_acls = WebAcls()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        address = address_of(scope)
        if address is None or address.kind != API:
            await self._app(scope, receive, send)
            return
        stage = stage_of(address)
        if stage is None:
            await self._app(_by_path(scope, address, default_stage=False), receive, send)
            return
        exchange = Exchange(scope, address, stage, send)
        await self._serve(scope, receive, address, stage, exchange)
        group, line_format = stage.access_log
        if group:
            access_log.write(group, exchange.log_line(line_format))

    async def _serve(
        self, scope: Scope, receive: Receive, address: Address, stage: Stage, exchange: Exchange
    ) -> None:
        if not stage.lets_pass():
            await exchange.refuse(429, "Too Many Requests")
            return
        body = await body_of(receive, limit=PAYLOAD_LIMIT)
        if body is None:
            await exchange.refuse(413, "Request Entity Too Large")
            return
        firewall = self.web_acls.of_stage(stage)
        if firewall and firewall.judge(_seen(scope, address, body)).action == "BLOCK":
            await exchange.refuse(403, "Forbidden")
            return
        async with self._turns:
            inner = _by_path(scope, address, default_stage=not stage.rest)
            inner = handed_on(inner, rest=stage.rest)
            SERVED.set(inner)
            await self._app(inner, replay(body, receive), exchange.send)


def _seen(scope: Scope, address: Address, body: bytes) -> WebRequest:
    raw: bytes = scope.get("query_string", b"")
    raw_path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    return WebRequest(
        method=scope["method"],
        path=raw_path.removeprefix(f"/_aws/execute-api/{address.id}"),
        query=raw.decode("latin-1"),
        # On AWS the host is the API's own: a rule against `localhost` would block everyone here.
        headers=tuple(
            (name, f"{address.id}.execute-api.amazonaws.com" if name == "host" else value)
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
    prefix = f"/_aws/execute-api/{address.id}" + ("/$default" if default_stage else "")
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {
        **scope,
        "path": prefix + scope["path"],
        "raw_path": prefix.encode() + scope.get("raw_path", scope["path"].encode()),
        "headers": [*others, (b"host", b"localhost")],
    }
