"""The latest requests at the front door, without what their senders proved themselves with."""

import itertools
import time
from collections import deque
from typing import Any

from localcloud.asgi import App, Message, Receive, Scope, Send, each_header

BODY_LIMIT = 64 * 1024
_IDS = ("x-request-id", "apigw-requestid", "x-amzn-requestid")


class Requests(deque[dict[str, Any]]):
    """In memory, the oldest forgotten first; of headers, those named alone are kept."""

    def __init__(self, named: list[str]) -> None:
        super().__init__(maxlen=300)
        self._named, self._numbers = named, itertools.count(1)

    def noting(self, app: App, asked: Scope, *, api: str, proof: str) -> App:
        """Serve a request with an app, and note it as it was asked, without its header `proof`."""

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            began, at, body, told = time.monotonic(), time.time(), bytearray(), dict[str, Any]()

            async def receiving() -> Message:
                message = await receive()
                body.extend(message.get("body", b"")[: BODY_LIMIT + 1 - len(body)])
                return message

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told.update(each_header(message), status=message["status"])
                await send(message)

            await app(scope, receiving, sending)
            self.append(
                {
                    "number": next(self._numbers),
                    "api": api,
                    "method": asked["method"],
                    "path": asked["raw_path"].decode("latin-1").partition("?")[0],
                    "query": asked["query_string"].decode("latin-1"),
                    "headers": [each for each in each_header(asked) if each[0] in self._named],
                    "proven": proof in dict(each_header(asked)),
                    "body": body.decode("latin-1") if len(body) <= BODY_LIMIT else None,
                    "at": at,
                    "milliseconds": round((time.monotonic() - began) * 1000),
                    "status": told.get("status", 0),
                    "request_id": next((told[name] for name in _IDS if told.get(name)), ""),
                }
            )

        return served
