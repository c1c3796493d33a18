"""Front door: short, stable addresses of deployed APIs and distributions.

It serves what is deployed and nothing else: a request passes to a deployed API or distribution, or
it ends here.
"""

import re

from localcloud.app import Route
from localcloud.asgi import App, Receive, Scope, Send, answer
from localcloud.cloud import Cloud
from localcloud.console.page import NAME, Console
from localcloud.engine.deployed import Deployed
from localcloud.guard import Guard, host_of, is_for_deployment, without_cors

_OWN_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")
_KEY_SET = re.compile(r"/([a-z0-9-]+_[A-Za-z0-9]+)/\.well-known/jwks\.json")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:40rem;padding:0 1rem}}</style>
<h1>{name} is running here</h1><ul>{items}</ul>
</html>"""


class FrontDoor:
    """ASGI app behind the front door's port and its guard."""

    def __init__(self, app: App, cloud: Cloud, deployed: Deployed):
        self._app = app
        self._deployed = deployed
        self._name = cloud.app.name
        self._routes = {route.path: route for route in cloud.app.routes}
        folder, door = cloud.app.console, Guard(self, deployed, aws_api=False)
        self._console = Console(cloud, folder, door) if folder else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if is_for_deployment(scope):
            await self._app(scope, receive, send)
            return
        if not _OWN_HOST.fullmatch(host_of(scope)):
            await answer(send, 404, {"message": "nothing is served under this name"})
            return
        # API Gateway fetches the key set that it verifies tokens with from here, over plain HTTP.
        keys = _KEY_SET.fullmatch(scope["path"])
        if keys and scope["method"] == "GET" and self._deployed.has_user_pool(keys[1]):
            await self._app(scope, receive, without_cors(send))
            return
        raw: bytes = scope["raw_path"]
        name = raw.decode("latin-1").split("/")[1]
        if name == NAME and self._console:
            await self._console(scope, receive, send)
            return
        route = self._routes.get(name) or self._routes.get("")
        target = self._deployed.output(route.stack, route.output) if route else None
        noting = self._app
        if route and self._console:
            noting = self._console.noting(self._app, scope, route.path)
        if route is None or (target is None and not route.path):
            await self._index(scope["path"], send)
        elif target is None:
            await answer(send, 503, {"message": f"{route.stack} is not deployed here"})
        elif route.stage is None:
            await noting(_at_distribution(scope, target), receive, send)
        else:
            await noting(_at_api(scope, route, target), receive, send)

    async def _index(self, path: str, send: Send) -> None:
        if path != "/":
            await answer(send, 404, {"message": f"nothing is served at {path}; see /"})
            return
        links = [f"<li><a href='/{name}/'>/{name}/</a></li>" for name in self._routes if name]
        page = _PAGE.format(name=self._name, items="".join(links))
        await answer(send, 200, page, {"content-type": "text/html; charset=utf-8"})


def _at_api(scope: Scope, route: Route, api_id: str) -> Scope:
    """The request as the API's own address would get it."""
    own, prefix = f"/{route.path}", f"/_aws/execute-api/{api_id}/{route.stage}"
    raw: bytes = scope["raw_path"]
    return {
        **scope,
        "path": prefix + (scope["path"].removeprefix(own) or "/"),
        "raw_path": prefix.encode() + (raw.removeprefix(own.encode()) or b"/"),
    }


def _at_distribution(scope: Scope, url: str) -> Scope:
    """The request as a browser over HTTPS would send it to the distribution."""
    cdn = (b"host", url.removeprefix("https://").encode())
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {**scope, "scheme": "https", "headers": [*others, cdn]}
