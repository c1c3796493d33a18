"""The latest requests at the front door, without what their senders proved themselves with.

They are kept in memory: a few hundred, each with the headers that are known to be no secret.
"""

import itertools
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from localcloud.asgi import App, Message, Receive, Scope, Send, each_header

_KEPT = 300
_BODY_LIMIT = 64 * 1024
_IDS = ("x-request-id", "apigw-requestid", "x-amzn-requestid")


@dataclass(kw_only=True)
class Seen:
    """One request and how it was answered."""

    api: str  # the front door's short name of what it was sent to
    method: str
    path: str  # at the front door, without the query
    query: str
    headers: list[tuple[str, str]]
    proven: bool  # whether it came with the API's credentials
    at: float = field(default_factory=time.time)
    body: bytes | None = b""  # None: longer than what is kept
    status: int = 0
    request_id: str = ""
    milliseconds: int = 0
    number: int = 0


class Requests:
    """What was seen, the oldest forgotten first."""

    def __init__(self, kept_headers: Collection[str]) -> None:
        self._kept_headers = kept_headers
        self._seen: deque[Seen] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)

    def kept(self, scope: Scope) -> list[tuple[str, str]]:
        """The headers of a request that are no secret."""
        return [each for each in each_header(scope) if each[0] in self._kept_headers]

    def after(self, number: int) -> Iterator[dict[str, Any]]:
        """Describe those that were answered after the one of a number."""
        for seen in self._seen:
            if seen.number > number:
                body = None if seen.body is None else seen.body.decode("utf-8", "replace")
                yield asdict(seen) | {"body": body}

    def find(self, number: int) -> Seen | None:
        """Find the request of a number; None when it is forgotten."""
        return next((seen for seen in self._seen if seen.number == number), None)

    def noting(self, app: App, asked: Scope, *, api: str, proof: str) -> App:
        """Pass a request on, and note it as it was asked; `proof` is its header of credentials."""
        path, query = asked["raw_path"].decode("latin-1"), asked["query_string"].decode("latin-1")
        seen = Seen(
            api=api,
            method=asked["method"],
            path=path.partition("?")[0],
            query=query,
            headers=self.kept(asked),
            proven=bool(proof) and any(name == proof for name, _ in each_header(asked)),
        )

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            began = time.monotonic()

            async def receiving() -> Message:
                message = await receive()
                if seen.body is not None:
                    body = seen.body + message.get("body", b"")
                    seen.body = body if len(body) <= _BODY_LIMIT else None
                return message

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                    told = dict(each_header(message))
                    seen.request_id = next((told[name] for name in _IDS if told.get(name)), "")
                await send(message)

            await app(scope, receiving, sending)
            seen.milliseconds = round((time.monotonic() - began) * 1000)
            seen.number = next(self._numbers)
            self._seen.append(seen)

        return served
