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
from urllib.parse import parse_qs, unquote

from localcloud.asgi import App, Receive, Refused, Scope, Send, answer, headers, replay
from localcloud.cloud import Cloud, write_private
from localcloud.consent import decisions
from localcloud.console.commands import Commands
from localcloud.console.requests import Requests

NAME = "console"  # the first segment of its path
_SENDING = f"/{NAME}/api/send"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Console:
    """The console of one cloud; `door` is its front door, behind the guard."""

    def __init__(self, cloud: Cloud, folder: Path, door: App) -> None:
        said = tomllib.loads((folder / "console.toml").read_text("utf-8"))
        own = {path.name: path for path in folder.iterdir() if path.suffix != ".toml"}
        self._files = own | {name: cloud.app.folder / path for name, path in said["files"].items()}
        self._asked: dict[str, dict[str, list[str]]] = said["commands"]
        self._proofs: dict[str, dict[str, Any]] = said["credentials"]
        self._door, self._commands = door, Commands(cloud)
        self.requests = Requests(said["headers"])
        # An origin of its own: what is deployed is opened under the name `localhost`.
        self._host, self._key = f"127.0.0.1:{cloud.front_port}", secrets.token_urlsafe(32)
        write_private(cloud.home / "run" / "console.key", self._key)

    def proof_of(self, api: str) -> str:
        """The header that clients of an API prove themselves with; empty where there is none."""
        return str(self._proofs.get(api, {}).get("header", ""))

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
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        content = await asyncio.to_thread(path.read_bytes)
        await answer(send, 200, content, _HEADERS | {"content-type": f"{kind}; charset=utf-8"})

    async def _serve(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        what, _, which = path.partition("/")
        method, query = scope["method"], parse_qs(scope["query_string"].decode("latin-1"))
        if what == "send":
            named = self.requests.kept(scope)
            proven = headers(scope).get("x-console-proof") != "none"
            await self._forward(scope, named, receive, send, proven=proven)
        elif (method, what) == ("POST", "replay"):
            await self._replay(scope, which, receive, send)
        else:
            command = self._asked.get(method, {}).get(path)
            if (method, what) == ("GET", "requests"):
                found: Any = list(self.requests.after(int(query.get("after", ["0"])[0])))
            elif (method, what) == ("GET", "decisions"):
                found = decisions.of_trace(which)
            elif command:
                found = await self._commands.run(command, query.get("id", [""])[0])
            else:
                raise Refused(404, "the console has nothing of this name")
            named = _HEADERS | {"content-type": "application/json"}
            await answer(send, 200, json.dumps(found), named)

    async def _replay(self, scope: Scope, number: str, receive: Receive, send: Send) -> None:
        seen = self.requests.find(int(number))
        if seen is None or seen.body is None:
            raise Refused(404, "this request is not kept, or not as a whole")
        again = {
            "method": seen.method,
            "raw_path": f"{_SENDING}{seen.path}".encode("latin-1"),
            "query_string": seen.query.encode("latin-1"),
        }
        once = replay(seen.body, receive)
        await self._forward({**scope, **again}, seen.headers, once, send, proven=seen.proven)

    async def _forward(
        self,
        scope: Scope,
        named: list[tuple[str, str]],
        receive: Receive,
        send: Send,
        *,
        proven: bool,
    ) -> None:
        """Send a request to a deployed API, with credentials taken anew."""
        raw = scope["raw_path"].decode("latin-1").removeprefix(_SENDING)
        proof = self._proofs.get(raw.split("/")[1]) if proven else None
        if proof:
            value = proof["value"].format(await self._commands.run(proof["command"]))
            named = [*named, (proof["header"], value)]
        named = [*named, ("host", self._host)]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named]
        path = unquote(raw.partition("?")[0])
        inner = {**scope, "path": path, "raw_path": raw.encode("latin-1"), "headers": encoded}
        await self._door(inner, receive, send)
