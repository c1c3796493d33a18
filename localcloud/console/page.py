"""ASGI app of the console's page, and of what it asks for.

The page itself says nothing. What it asks for needs the key in the cloud's folder: neither a
website in the same browser nor another user of this machine has it. Credentials of the deployed
APIs are taken here for each request, and never told to the page.
"""

import asyncio
import hmac
import json
import mimetypes
import secrets
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from localcloud.asgi import App, Receive, Refused, Scope, Send, answer, each_header, headers
from localcloud.cloud import Cloud, write_private
from localcloud.consent import decisions
from localcloud.console.commands import run
from localcloud.console.requests import Requests

NAME = "console"  # the first segment of its path
_SENDING = f"/{NAME}/api/send"
_HEADERS = tomllib.loads(Path(__file__).with_name("headers.toml").read_text("utf-8"))


class Console:
    """The console of one cloud; `door` is its front door, behind the guard."""

    def __init__(self, cloud: Cloud, folder: Path, door: App) -> None:
        self._cloud, self._door = cloud, door
        self._said = tomllib.loads((folder / "console.toml").read_text("utf-8"))
        self._files = {path.name: path for path in folder.iterdir() if path.suffix != ".toml"}
        self._files |= {name: cloud.app.folder / at for name, at in self._said["files"].items()}
        self._requests = Requests(self._said["headers"])
        # An origin of its own: what is deployed is opened under the name `localhost`.
        self._host, self._key = f"127.0.0.1:{cloud.front_port}", secrets.token_urlsafe(32)
        write_private(cloud.home / "run" / "console.key", self._key)

    def noting(self, app: App, asked: Scope, api: str) -> App:
        """Serve a request to an API with an app, and note it."""
        proof = self._said["credentials"].get(api, {}).get("header", "")
        return self._requests.noting(app, asked, api=api, proof=proof)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"].removeprefix(f"/{NAME}")
        try:
            if path.startswith("/api/"):
                self._check(headers(scope))
                await self._serve(scope, path.removeprefix("/api/"), receive, send)
            elif not path or headers(scope)["host"] != self._host:
                there = f"http://{self._host}/{NAME}/{path.lstrip('/')}"
                await answer(send, 307, "", _HEADERS | {"location": there})
            else:
                await self._file(path[1:] or "index.html", send)
        except Refused as refused:
            await answer(send, refused.status, {"message": str(refused)}, _HEADERS)

    def _check(self, sent: dict[str, str]) -> None:
        """Refuse whoever is not the console's page with its key."""
        own = f"http://{self._host}"
        is_own = sent["host"] == self._host and sent.get("origin", own) == own
        if not is_own or sent.get("sec-fetch-site", "same-origin") != "same-origin":
            raise Refused(403, "the console answers to its own page alone")
        if not hmac.compare_digest(sent.get("x-console-key", "").encode(), self._key.encode()):
            raise Refused(403, "the console's key is missing, or of an earlier start")

    async def _file(self, name: str, send: Send) -> None:
        path = self._files.get(name)
        if path is None or not path.is_file():
            raise Refused(404, "the console has no such file")
        content = await asyncio.to_thread(path.read_bytes)
        kind = f"{mimetypes.guess_type(path.name)[0]}; charset=utf-8"
        await answer(send, 200, content, _HEADERS | {"content-type": kind})

    async def _serve(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        method, (what, _, which) = scope["method"], path.partition("/")
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if what == "send":
            await self._forward(scope, receive, send)
            return
        found: Any
        if (method, what) == ("GET", "requests"):
            found = [each for each in self._requests if each["number"] > int(asked.get("after", 0))]
        elif (method, what) == ("GET", "decisions"):
            found = decisions.of_trace(which)
        elif command := self._said["commands"].get(method, {}).get(path):
            found = await run(self._cloud, command, asked.get("id", ""))
        else:
            raise Refused(404, "the console has nothing of this name")
        named = _HEADERS | {"content-type": "application/json"}
        await answer(send, 200, json.dumps(found), named)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to a deployed API, with credentials taken anew."""
        raw = scope["raw_path"].decode("latin-1").removeprefix(_SENDING)
        kept = [each for each in each_header(scope) if each[0] in self._said["headers"]]
        proof = self._said["credentials"].get(raw.split("/")[1])
        if proof and headers(scope).get("x-console-proof") != "none":
            value = await run(self._cloud, proof["command"])
            kept.append((proof["header"], proof["value"].format(value)))
        named = [(name.encode(), value.encode("latin-1")) for name, value in kept]
        named.append((b"host", self._host.encode()))
        there = {"path": unquote(raw.partition("?")[0]), "raw_path": raw.encode("latin-1")}
        await self._door({**scope, **there, "headers": named}, receive, send)
