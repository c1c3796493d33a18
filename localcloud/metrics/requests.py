"""The layer that notes how each request to a deployed API or distribution was answered."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.asgi import App, Message, Receive, Scope, Send, headers
from localcloud.gateway.stages import address_of

_CDN = re.compile(r"([a-z0-9]+)\.cloudfront\.")


@dataclass(frozen=True)
class Served:
    """A request that was answered, by an API or a distribution."""

    api_id: str  # empty for a distribution's request
    stage: str  # what would be a REST API's
    distribution: str  # the first label of its name; empty for an API's request
    status: int
    milliseconds: int  # from the request to the end of its answer


class Measured:
    """Passes every request on, and reports those to what is deployed; `report` must not wait."""

    def __init__(self, app: App, report: Callable[[Served], None]) -> None:
        self._app = app
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        address, cdn = address_of(scope), None
        if address is None and scope["type"] == "http":
            cdn = _CDN.match(headers(scope).get("host", ""))
        if address is None and cdn is None:
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, sending)
        if status:
            elapsed = round((time.monotonic() - began) * 1000)
            api_id = address.api_id if address else ""
            stage = address.path.split("/")[1] if address else ""
            self._report(Served(api_id, stage, cdn[1] if cdn else "", status, elapsed))
