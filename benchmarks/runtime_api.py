"""Lambda's runtime API: gives a function its events one after the other, and takes its answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:benchmark"
_FAR = 3_600_000  # milliseconds until the deadline: nothing is in a hurry under an instrument


@dataclass
class Invocations:
    """The events to come, the answers so far, and whether the function waits for more events."""

    events: list[Any]
    address: str = ""
    answers: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    idle: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serve(events: Sequence[Any]) -> Iterator[Invocations]:
    """Serve the API for as long as the block lasts."""
    invocations = Invocations(list(events))

    class Answers(_RuntimeApi):
        queue = invocations

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    invocations.address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield invocations
    finally:
        server.shutdown()
        server.server_close()


class _RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    queue: Invocations

    def handle(self) -> None:
        """Serve a connection; that the function ended is no error."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        """Give the next event; with none left, say so and never answer."""
        if not self.queue.events:
            self.queue.idle.set()
            time.sleep(_FAR / 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{len(self.queue.answers)}",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + _FAR),
            "Lambda-Runtime-Invoked-Function-Arn": _ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
            "Content-Type": "application/json",  # without it the client crashes
        }
        self._send(200, json.dumps(self.queue.events.pop(0)).encode(), headers)

    def do_POST(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        """Take an answer, or an error."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.endswith("/response"):
            self.queue.answers.append(json.loads(body))
        else:
            self.queue.errors.append(body.decode())
            self.queue.idle.set()
        self._send(202, b"{}", {})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
