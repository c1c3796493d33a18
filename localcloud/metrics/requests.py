"""The layer that notes how each request to a deployed API or distribution was answered."""

import time
from collections.abc import Callable

from localcloud.addresses import Address, address_of
from localcloud.asgi import App, Message, Receive, Scope, Send

# Told of an answer: its status, and the milliseconds from the request to its end.
Report = Callable[[Address, int, int], None]


class Measured:
    """Passes every request on, and reports those to what is deployed; `report` must not wait."""

    def __init__(self, app: App, report: Report) -> None:
        self._app = app
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, sending)
        address = address_of(scope)
        if address and status:
            self._report(address, status, round((time.monotonic() - began) * 1000))
