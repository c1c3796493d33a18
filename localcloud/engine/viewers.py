"""Requests of a CDN's viewers, whatever their path says.

Changes: Every request under a distribution's name reaches the distribution: it is given a path that
    the emulator has no answer of its own for, and has its own again when CloudFront takes it.
Original: `/health`, `/login` and others are answered by the emulator, whatever the Host.
Fault: the emulator's; it would look at the Host for a distribution's name before it looks at the
    path for its own pages.
"""

import re
from typing import Any

from ministack import app as emulator

from localcloud.asgi import App, Receive, Scope, Send, answer, body_of, headers, replay
from localcloud.cloud import Cloud
from localcloud.engine.internals import wrap

HOST = re.compile(r"[a-z0-9]+\.cloudfront\.(?:net|localhost)(?::\d+)?")
_PREFIX = "/_aws/cloudfront"
# An API behind a distribution takes no more, and the pages take nothing.
_BODY_LIMIT = 10 * 1024 * 1024


def install(_cloud: Cloud) -> None:
    """Give a viewer's request its own path again."""
    wrap(emulator, "_handle_cloudfront_dataplane_request", _serve)


def _serve(serve: Any, host: str, path: str, raw_path: str, *rest: Any) -> Any:
    return serve(host, path.removeprefix(_PREFIX), raw_path.removeprefix(_PREFIX), *rest)


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
