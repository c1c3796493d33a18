"""CloudFront distributions: their viewers' requests, and the APIs behind them.

Changes: Every request under a distribution's name reaches the distribution: it is given a path that
    the emulator has no answer of its own for, and has its own again when CloudFront takes it. An
    origin that is an API of this cloud is reached at the AWS endpoint, over TLS. A behaviour that
    names no methods allows GET and HEAD alone.
Original: `/health`, `/login` and others are answered by the emulator, whatever the Host. The origin
    is dialled by its `*.localhost` name, which Python does not resolve everywhere, at a port where
    nothing speaks TLS. Such a behaviour allows every method.
Fault: the emulator's; it would look at the Host for a distribution's name before it looks at the
    path for its own pages, `_origin_connect_target` would know its own execute-api names, and
    `_dataplane_allowed_methods` take GET and HEAD where a behaviour lists none.
AWS:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-cachebehavior.html
"""

from typing import Any

from ministack import app as emulator
from ministack.services import cloudfront

from localcloud.addresses import CDN, address_of
from localcloud.asgi import App, Receive, Scope, Send, answer, body_of, replay
from localcloud.cloud import Cloud
from localcloud.engine.internals import wrap

_PREFIX = "/_aws/cloudfront"
# An API behind a distribution takes no more, and the pages take nothing.
_BODY_LIMIT = 10 * 1024 * 1024


def install(cloud: Cloud) -> None:
    """Give a viewer's request its own path again; reach origins, and refuse methods."""

    def reach(connect_target: Any, origin: dict[str, Any], viewer_is_https: bool) -> Any:
        if ".execute-api." in origin["domain_name"]:
            return "127.0.0.1", cloud.port, True
        return connect_target(origin, viewer_is_https)

    def allowed(methods_of: Any, behaviour: Any) -> Any:
        return methods_of(behaviour) or ["GET", "HEAD"]

    wrap(cloudfront, "_origin_connect_target", reach)
    wrap(cloudfront, "_dataplane_allowed_methods", allowed)
    wrap(emulator, "_handle_cloudfront_dataplane_request", _serve)


def _serve(serve: Any, host: str, path: str, raw_path: str, *rest: Any) -> Any:
    return serve(host, path.removeprefix(_PREFIX), raw_path.removeprefix(_PREFIX), *rest)


def viewers(app: App) -> App:
    """Pass a request on, a viewer's with its path behind a prefix, out of the emulator's own."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        address = address_of(scope)
        if address is None or address.kind != CDN:
            await app(scope, receive, send)
            return
        body = await body_of(receive, limit=_BODY_LIMIT)
        if body is None:
            await answer(send, 413, {"message": "Request Entity Too Large"})
            return
        raw: bytes = scope["raw_path"]
        hidden = {"path": _PREFIX + scope["path"], "raw_path": _PREFIX.encode() + raw}
        await app({**scope, **hidden}, replay(body, receive), send)

    return served
