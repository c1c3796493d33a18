"""The layer that notes how each request to a deployed API or distribution was answered."""

import time
from collections.abc import Callable

from localcloud.addresses import Address, address_of
from localcloud.asgi import App, Message, Receive, Scope, Send

# Told of an answer: its status, and the milliseconds from the request to its end.
Report = Callable[[Address, int, int], None]


def measured(app: App, report: Report) -> App:
    """Pass every request on, and report those to what is deployed; `report` must not wait."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await app(scope, receive, sending)
        address = address_of(scope)
        if address and status:
            report(address, status, round((time.monotonic() - began) * 1000))

    return served
