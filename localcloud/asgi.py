"""ASGI requests and answers, for the layers in front of the emulator."""

import json
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


class Refused(Exception):  # named for the fact
    """A request that goes no further: the status and the reason it is answered with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def each_header(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Every header of the request by lower-case name, in the order sent."""
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    )


def headers(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name; of a repeated one, the last."""
    return dict(each_header(scope))


async def answer(
    send: Send,
    status: int,
    body: bytes | str | dict[str, Any] = b"",
    extra: dict[str, str] | None = None,
) -> None:
    """Send one whole response; a mapping is sent as JSON."""
    content_type = "text/plain; charset=utf-8"
    if isinstance(body, dict):
        body, content_type = json.dumps(body), "application/json"
    payload = body.encode() if isinstance(body, str) else body
    named = {"content-type": content_type, "content-length": str(len(payload))} | (extra or {})
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": payload})


async def body_of(receive: Receive, *, limit: int) -> bytes | None:
    """The whole request body; None when it is longer than `limit` bytes."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body already read, then whatever comes next."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def http_only(app: App, lifespan: App) -> App:
    """Hand an app its requests alone: no WebSocket opens, start and stop go to another app."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    return served


async def live(_scope: Scope, receive: Receive, send: Send) -> None:
    """Start and stop, without anything to do."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
