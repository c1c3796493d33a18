"""An AWS endpoint over TLS that answers at once, so that a function's own work is all that counts.

It answers every service at one address and keeps nothing but the last record of each table: what is
read is what was written last, in whichever form the function writes it.
"""

import contextlib
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from localcloud import certificates

_LOCATION = b'<?xml version="1.0"?><LocationConstraint>eu-west-1</LocationConstraint>'
SECRET = {
    "ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:benchmark",
    "Name": "benchmark",
    "VersionId": "6d1f7f5e-0000-4000-8000-000000000000",
    "VersionStages": ["AWSCURRENT"],
    "SecretString": json.dumps({"password": "benchmark", "key": "benchmark"}),
}


@dataclass(frozen=True)
class Endpoint:
    """Where the endpoint is, and the root certificate that a function must trust."""

    url: str
    root: bytes


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Endpoint]:
    """Serve AWS on this machine for as long as the block lasts; `folder` takes the key."""
    authority, certificate, key = certificates.pair()
    pem = folder / "endpoint.pem"
    pem.write_text(key + certificate, "ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        port = server.server_address[1]
        yield Endpoint(f"https://127.0.0.1:{port}", authority.encode())
    finally:
        server.shutdown()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    """The answers by `X-Amz-Target`, where there is one; else the request is one of S3."""

    protocol_version = "HTTP/1.1"  # connections are kept, and `Expect: 100-continue` is answered
    disable_nagle_algorithm = True
    records: ClassVar[dict[str, Any]] = {}

    def handle(self) -> None:
        """Serve a connection; that the function ended is no error."""
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            super().handle()

    def do_POST(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        body = self._body()
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        answer = self._answer(operation, json.loads(body)) if operation else {}
        self._send(json.dumps(answer).encode(), "application/x-amz-json-1.0")

    def do_PUT(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        self._body()
        self._send(b"", "application/xml")

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        self._send(_LOCATION if "location" in self.path else b"content", "application/xml")

    def do_DELETE(self) -> None:  # pylint: disable=invalid-name  # the server's name for it
        self._send(b"", "application/xml")

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        table = request.get("TableName", "")
        if operation == "PutItem":
            self.records[table] = request["Item"]
        if operation in ("GetItem", "DeleteItem"):
            record = self.records.get(table)
            return {"Item": record, "Attributes": record} if record else {}
        answers: dict[str, dict[str, Any]] = {
            "DescribeTable": {"Table": {"TableName": table, "TableStatus": "ACTIVE"}},
            "Query": {"Items": [], "Count": 0},
            "Scan": {"Items": [], "Count": 0},
            "GetSecretValue": SECRET,
            "GetQueueAttributes": {"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:1:audit"}},
            "SendMessage": {
                "MessageId": "benchmark",
                "MD5OfMessageBody": hashlib.md5(  # noqa: S324  # as SQS does
                    request.get("MessageBody", "").encode()
                ).hexdigest(),
            },
        }
        return answers.get(operation, {})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(parts)

    def _send(self, content: bytes, kind: str) -> None:
        head = (
            "HTTP/1.1 200 OK\r\n"
            "x-amzn-requestid: benchmark\r\n"
            'etag: "900150983cd24fb0d6963f7d28e17f72"\r\n'
            f"content-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
