"""Short, stable addresses for people: http://localhost:8080/tap/... is the HTTP API.

The root is the store, through its CDN. It serves what is deployed and nothing else: a request
passes to a deployed API or distribution, or it ends here.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.asgi import App, Receive, Scope, Send, answer
from localcloud.cloud import Cloud
from localcloud.guard import host_of, is_for_deployment, without_cors


@dataclass(frozen=True)
class Route:
    """Where a first segment of a path leads: a stack, the output that names its API, its stage."""

    stack: str
    output: str
    stage: str


_STORE = "store"
_STORE_ROUTE = Route("EcommerceStack", "StoreUrl", "")
ROUTES = {
    "tap": Route("TapStack", "HttpApiId", "$default"),
    "partner": Route("PartnerApiStack", "RestApiId", "prod"),
}

_OWN_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")
_KEY_SET = re.compile(r"/([a-z0-9-]+_[A-Za-z0-9]+)/\.well-known/jwks\.json")
_LOOKUP_SECONDS = 2.0
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>TAP</title>
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:40rem;padding:0 1rem}}</style>
<h1>TAP is running here</h1><ul>{items}</ul>
<p><code>tap endpoints</code> lists every address, <code>tap status</code> what is enforced.</p>
</html>"""


class UserPools(Protocol):
    """What the front door asks about the things deployed."""

    def has_user_pool(self, pool_id: str) -> bool:
        """Whether there is a user pool of this id."""


class FrontDoor:
    """The app behind the front door's port and its guard."""

    def __init__(self, app: App, cloud: Cloud, deployed: UserPools):
        self._app = app
        self._deployed = deployed
        self._stacks = cloud.client("cloudformation")
        self._targets: dict[str, str] = {}
        self._looked_up = 0.0
        self._looking = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the lifespan belongs to the AWS endpoint."""
        if scope["type"] != "http":
            await _live(receive, send)
            return
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
        if name not in ROUTES:
            await self._store(scope, receive, send)
            return
        api_id = await self._found(name)
        if api_id is None:
            stack = ROUTES[name].stack
            await answer(send, 503, {"message": f"{stack} is not deployed here; run `tap up`"})
            return
        prefix = f"/_aws/execute-api/{api_id}/{ROUTES[name].stage}"
        routed = {
            "path": prefix + (scope["path"].removeprefix(f"/{name}") or "/"),
            "raw_path": prefix.encode() + (raw.removeprefix(f"/{name}".encode()) or b"/"),
        }
        await self._app({**scope, **routed}, receive, send)

    async def _store(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The store through its CDN, as a browser over HTTPS would get it."""
        url = await self._found(_STORE)
        if url is None:
            await self._index(scope["path"], send)
            return
        cdn = (b"host", url.removeprefix("https://").encode())
        others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
        await self._app({**scope, "scheme": "https", "headers": [*others, cdn]}, receive, send)

    async def _index(self, path: str, send: Send) -> None:
        if path != "/":
            await answer(send, 404, {"message": f"nothing is served at {path}; see /"})
            return
        links = [f"<li><a href='/{name}/'>/{name}/</a></li>" for name in ROUTES]
        page = _PAGE.format(items="".join(links))
        await answer(send, 200, page, {"content-type": "text/html; charset=utf-8"})

    async def _found(self, name: str) -> str | None:
        async with self._looking:
            stale = time.monotonic() - self._looked_up > _LOOKUP_SECONDS
            if name not in self._targets and stale:
                self._targets = await asyncio.to_thread(self._find)
                self._looked_up = time.monotonic()
        return self._targets.get(name)

    def forget(self) -> None:
        """Look every API up again: a stack was deployed or destroyed."""
        self._targets, self._looked_up = {}, 0.0

    def _find(self) -> dict[str, str]:
        try:
            stacks = self._stacks.describe_stacks()["Stacks"]
        except (ClientError, BotoCoreError):
            return {}
        found = {}
        for stack in stacks:
            outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
            for name, route in (ROUTES | {_STORE: _STORE_ROUTE}).items():
                if stack["StackName"].startswith(route.stack) and route.output in outputs:
                    found[name] = outputs[route.output]
        return found


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
