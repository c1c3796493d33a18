"""The emulator in this process, called by real botocore clients."""

import asyncio
import json
import threading
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from ministack import app

_SESSION = botocore.session.Session()

Answer = tuple[int, dict[str, str], bytes]


class Emulator:
    """The emulator's own ASGI app on an event loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stacks = 0

    def close(self) -> None:
        """End the event loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(
        self,
        method: str,
        path: str,
        sent: dict[str, str] | None = None,
        body: bytes = b"",
        **at: Any,
    ) -> Answer:
        """The answer to one request; `at` names another ASGI app."""
        target = urlsplit(path)
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "http_version": "1.1",
            "path": unquote(target.path),
            "raw_path": target.path.encode(),
            "query_string": target.query.encode(),
            "headers": [(n.lower().encode(), v.encode()) for n, v in (sent or {}).items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 4566),
        }
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Any) -> None:
            messages.append(message)

        served = at.get("app", app.app)(scope, receive, keep)
        asyncio.run_coroutine_threadsafe(served, self._loop).result(60)
        named = {n.decode().lower(): v.decode("latin-1") for n, v in messages[0]["headers"]}
        return (
            messages[0]["status"],
            named,
            b"".join(each.get("body", b"") for each in messages[1:]),
        )

    def client(self, service: str, **config: Any) -> Any:
        """A botocore client whose requests the emulator answers."""
        made: Any = _SESSION.create_client(  # it keeps the services' models
            service,
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:4566",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(**config),
        )
        made.meta.events.register("before-send", self._answer)
        return made

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        sent = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        url = urlsplit(request.url)
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        body = body.encode() if isinstance(body, str) else body
        status, headers, answer = self.send(
            request.method,
            f"{url.path or '/'}?{url.query}",
            {"host": url.netloc, **sent},
            bytes(body),
        )
        named: Any = headers
        return AWSResponse(request.url, status, named, _Raw(answer))

    def deploy(self, **resources: Any) -> SimpleNamespace:
        """A stack of these resources: their physical ids by logical id, and how it ended."""
        self._stacks += 1
        name = f"stack{self._stacks}-{time.time_ns()}"
        stacks = self.client("cloudformation")
        stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        return self.settled(name)

    def settled(self, name: str) -> SimpleNamespace:
        """A stack once nothing of it is in progress."""
        stacks = self.client("cloudformation")
        deadline = time.monotonic() + 20
        while True:
            [stack] = stacks.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        found = stacks.describe_stack_resources(StackName=name)["StackResources"]
        return SimpleNamespace(
            name=name,
            status=stack["StackStatus"],
            reason=stack.get("StackStatusReason", ""),
            ids={each["LogicalResourceId"]: each.get("PhysicalResourceId") for each in found},
        )

    def delete(self, name: str) -> None:
        """Delete a stack and wait until that has ended, well or not."""
        stacks = self.client("cloudformation")
        identity = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        stacks.delete_stack(StackName=name)
        self.settled(identity)


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Any:
        yield self._body

    def read(self, *_: Any) -> bytes:
        given, self._body = self._body, b""
        return given
