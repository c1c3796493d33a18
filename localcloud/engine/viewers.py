"""Requests of a CDN's viewers reach their distribution, whatever their path says.

The emulator has answers of its own for some paths, as `/health` and `/login`, and looks at them
before it looks at the Host. Here such a request gets a path that is none of them, and has its own
again when the emulator's CloudFront takes it.
"""

import re
from typing import Any

from ministack import app as emulator

from localcloud.asgi import App, Receive, Scope, Send, answer, body_of, headers, replay
from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace

HOST = re.compile(r"[a-z0-9]+\.cloudfront\.(?:net|localhost)(?::\d+)?")
_PREFIX = "/_aws/cloudfront"
# An API behind a distribution takes no more, and the pages take nothing.
_BODY_LIMIT = 10 * 1024 * 1024


def install(cloud: Cloud) -> None:
    """Give a viewer's request its own path again.

    Raises:
        CloudError: the emulator is not the version this was written for.
    """
    del cloud
    serve = need(emulator, "_handle_cloudfront_dataplane_request")

    async def serve_viewer(host: str, path: str, raw_path: str, *rest: Any) -> Any:
        return await serve(host, path.removeprefix(_PREFIX), raw_path.removeprefix(_PREFIX), *rest)

    replace(emulator, "_handle_cloudfront_dataplane_request", serve_viewer)


class Viewers:
    """The layer that takes such a request out of the emulator's own paths."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, a viewer's with its path behind a prefix."""
        if scope["type"] != "http" or not HOST.fullmatch(headers(scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        body = await body_of(receive, limit=_BODY_LIMIT)
        if body is None:
            await answer(send, 413, {"message": "Request Entity Too Large"})
            return
        raw: bytes = scope["raw_path"]
        hidden = {"path": _PREFIX + scope["path"], "raw_path": _PREFIX.encode() + raw}
        await self._app({**scope, **hidden}, replay(body, receive), send)
