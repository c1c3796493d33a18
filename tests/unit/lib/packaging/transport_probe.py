"""Prints what botocore, found in PYTHONPATH, makes of good and bad servers: a program for tests.

usage: transport_probe.py FOLDER, which holds `server.pem` (for localhost alone) and `roots.pem`

The servers are on this machine and speak TLS; what each answers is in `CASES`, by its key.
"""

import contextlib
import inspect
import io
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.httpsession
import botocore.session
from botocore.config import Config
from botocore.exceptions import InvalidConfigError

SECONDS = 1  # that a client waits for each part
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BIG = 3_000_000
# What is answered under each key: bytes to send, seconds to wait; ... ends the connection.
CASES: dict[str, list[Any]] = {
    "plain": [OK + b"\r\n<a/>\n"],
    "headers-twice": [
        OK + b"x-amz-meta-a: 1\r\nX-Amz-Meta-B:  2 \r\nx-amz-meta-a: 3\r\n\r\n<a/>\n"
    ],
    "lines": [OK + b"\r\na\r\nb\n"],
    "empty": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "head": [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"],
    "chunked": [CHUNKS + b"2\r\n<a\r\n", 0.1, b"3;x=y\r\n/>\n\r\n0\r\nx-trailer: 1\r\n\r\n"],
    "big": [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG, b"x" * BIG],
    "slow": [OK + b"\r\n", 0.4, b"<a", 0.4, b"/", 0.4, b">\n"],
    "until-the-end": [b"HTTP/1.1 200 OK\r\n\r\n<a/>\n", ...],
    "old": [b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n<a/>\n", ...],
    "says-close": [OK + b"Connection: close\r\n\r\n<a/>\n", ...],
    "then-closes": [OK + b"\r\n<a/>\n", ...],
    "refused": [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"],
    "early-refused": [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ...],
    "unread": [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0.3, ...],
    "hangs": [2],
    "hangs-in-the-body": [OK + b"\r\n<a", 2],
    "hangs-in-a-chunk": [CHUNKS + b"5\r\n<a", 2],
    "truncated": [OK + b"\r\n<a", ...],
    "truncated-chunk": [CHUNKS + b"5\r\n<a", ...],
    "truncated-after-a-chunk": [CHUNKS + b"2\r\n<a\r\n", ...],
    "no-answer": [...],
    "no-http": [b"HELLO\r\n\r\n", ...],
    "bad-chunk": [CHUNKS + b"zz\r\n<a\r\n", ...],
    "bad-length": [b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n<a/>\n", ...],
}


class Server:
    """Answers as the last part of each request's path says."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.connections = 0
        self.requests: list[Any] = []
        self._context = context
        self._failed: set[str] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            accepted, _ = self._socket.accept()
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client may leave when it likes
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rwb") as file, contextlib.suppress(ValueError):  # no HTTP
                while self._answer(file):
                    pass

    def _answer(self, file: Any) -> bool:
        first = file.readline()
        if not first:
            return False
        method, path, _ = first.decode().split()
        case = path.partition("?")[0].rpartition("/")[2]
        headers = dict(re.split(r":\s*", line.decode().strip(), maxsplit=1) for line in _head(file))
        sent = {k.lower(): v for k, v in headers.items()}
        early = case == "unread" or ("expect" in sent and case == "early-refused")
        if "expect" in sent and not early:
            file.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            file.flush()
        body = b"not read" if early else _body(file, sent)
        self.requests.append([method, path, sorted(sent), len(body), repr(body[:99])])
        steps = CASES.get(case, CASES["plain"])
        if case == "fails-once" and case not in self._failed:
            self._failed.add(case)
            steps = CASES["no-answer"]
        for step in steps:
            if step is ...:
                return False
            if isinstance(step, bytes):
                file.write(step)
                file.flush()
            else:
                time.sleep(step)
        return True


def _head(file: Any) -> Iterator[bytes]:
    while (line := file.readline()).strip():
        yield line


def _body(file: Any, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        body: bytes = file.read(int(headers.get("content-length", 0)))
        return body
    pieces = []
    while size := int(file.readline(), 16):
        pieces.append(file.read(size))
        file.readline()
    file.readline()
    return b"".join(pieces)


def _read(answer: Any) -> bytes:
    body: bytes = answer["Body"].read()
    answer["Body"].close()
    assert answer["Body"].readable()
    return body


def _read_in_pieces(answer: Any) -> bytes:
    return b"|".join(answer["Body"].iter_chunks(2))


def _read_into(answer: Any) -> str:
    buffer = bytearray(3)
    found = []
    while count := answer["Body"].readinto(buffer):
        found.append(bytes(buffer[:count]).decode())
    return "|".join(found)


def _read_lines(answer: Any) -> list[bytes]:
    lines: list[bytes] = answer["Body"].readlines()
    return lines


def _wait_longer(answer: Any) -> bytes:
    answer["Body"].set_socket_timeout(5)
    return _read(answer)


def _leave(answer: Any) -> str:
    answer["Body"].close()
    return "closed"


READ_BY: dict[str, Callable[[Any], Any]] = {
    "whole": _read,
    "in pieces": _read_in_pieces,
    "into a buffer": _read_into,
}


class Probe:
    """Calls S3 clients, and notes what came of it."""

    def __init__(self, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self.old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.old.load_cert_chain(folder / "server.pem")
        self.old.set_ciphers("ALL:@SECLEVEL=0")
        self.old.maximum_version = ssl.TLSVersion.TLSv1_1
        self.context = context
        self.roots = str(folder / "roots.pem")
        self._session = botocore.session.Session()
        self._session.set_credentials("AKID", "SECRET", "TOKEN")
        self._lock = threading.Lock()
        self._later: list[Callable[[], None]] = []
        self.results: dict[str, Any] = {}

    def client(self, url: str, *, attempts: int = 1, **given: Any) -> Any:
        """Make a client for an address."""
        config = Config(
            connect_timeout=SECONDS,
            read_timeout=SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            tcp_keepalive=True,
            **given.pop("config", {}),
        )
        given = {"verify": self.roots, **given}
        with self._lock:
            return self._session.create_client(
                "s3", "eu-west-1", endpoint_url=url, config=config, **given
            )

    def note(self, name: str, work: Callable[[], Any], server: Server | None = None) -> None:
        """Note what a piece of work gave, or how it failed, and what its server saw."""
        try:
            outcome = repr(work())
        except InvalidConfigError as error:
            outcome = str(error)
        except Exception as error:  # noqa: BLE001 - what it is, the test compares
            outcome = type(error).__name__
        seen = [server.connections, list(server.requests)] if server else None
        self.results[name] = {"outcome": outcome, "seen": seen}

    def call(
        self, case: str, operation: str, then: Callable[[Any], Any], name: str = "", **given: Any
    ) -> None:
        """Call an operation twice, so that the second may use the first's connection."""
        server = Server(self.context)
        client = self.client(f"https://localhost:{server.port}")

        def twice() -> Any:
            found = []
            for _ in range(2):
                answer = getattr(client, operation)(Bucket="b", Key=case, **given)
                found.append([then(answer), answer["ResponseMetadata"].get("HTTPHeaders")])
            return found

        name = f"{operation} {case} {name or then.__name__.strip('_')}"
        self._later.append(lambda: self.note(name, twice, server))

    def do(self) -> None:
        """Make the calls, side by side."""
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda call: call(), self._later))


def nothing(_: Any) -> None:
    """Want nothing of an answer."""


def good_and_bad_answers(probe: Probe) -> None:
    """Every case, streamed and not."""
    for case in CASES:
        if case != "big":
            probe.call(case, "delete_object", nothing)
        for read in READ_BY.values() if case != "big" else (lambda a: len(_read(a)),):
            probe.call(case, "get_object", read)
    probe.call("head", "head_object", nothing)
    probe.call("lines", "get_object", _read_lines)
    probe.call("plain", "get_object", _leave)
    probe.call("big", "get_object", _leave)
    probe.call("slow", "get_object", _wait_longer)


def bodies(probe: Probe) -> None:
    """Every form in which botocore sends a body."""
    forms: dict[str, Callable[[], Any]] = {
        "bytes": lambda: b"hello",
        "no bytes": bytes,
        "many bytes": lambda: b"x" * BIG,
        "a bytearray": lambda: bytearray(b"hello"),
        "a file": lambda: io.BytesIO(b"hello"),
        "a big file": lambda: io.BytesIO(b"x" * BIG),
    }
    for case in ("plain", "refused", "early-refused"):
        for form, body in forms.items():
            probe.call(case, "put_object", nothing, form, Body=body())
    probe.call("plain", "put_object", nothing, "SHA-256", Body=b"hello", ChecksumAlgorithm="SHA256")


def without_tls(probe: Probe) -> None:
    """What is said to a server without TLS, where nothing else is in the way."""
    server = Server(None)
    client = probe.client(f"http://localhost:{server.port}")

    def put(case: str, body: Any) -> Callable[[], Any]:
        return lambda: client.put_object(Bucket="b", Key=case, Body=body)["ETag"]

    probe.note("refused, and the rest is not read", put("unread", b"x" * BIG), server)
    client.meta.events.register(
        "before-send.s3", lambda request, **_: request.headers.update({"x-bad": "a\nb"})
    )
    probe.note("a header that is none", put("plain", b""))


def endpoints(probe: Probe, stranger: Path) -> None:
    """Endpoints that are not what they should be."""
    server = Server(probe.context)
    url = f"https://localhost:{server.port}"

    def get(client: Any) -> Any:
        return lambda: _read(client.get_object(Bucket="b", Key="plain"))

    probe.note("another host's certificate", get(probe.client(f"https://127.0.0.1:{server.port}")))
    probe.note("another authority's", get(probe.client(url, verify=str(stranger))))
    probe.note("packaged roots", get(probe.client(url, verify=None)))
    probe.note("roots that are not there", get(probe.client(url, verify="/no/roots.pem")))
    probe.note("roots that are none", get(probe.client(url, verify=__file__)))
    plain = Server(None)
    probe.note("no TLS", get(probe.client(f"http://localhost:{plain.port}")), plain)
    probe.note("TLS where there is none", get(probe.client(f"https://localhost:{plain.port}")))
    probe.note("old TLS", get(probe.client(f"https://localhost:{Server(probe.old).port}")))
    probe.note("nobody listens", get(probe.client("https://localhost:1")))
    probe.note("no such name", get(probe.client("https://nowhere.invalid")))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        probe.note("hung TLS", get(probe.client(f"https://localhost:{deaf.getsockname()[1]}")))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        probe.note("no room", get(probe.client(f"https://localhost:{address[1]}")))
    os.environ["HTTPS_PROXY"] = "http://localhost:1"
    probe.note("a proxy", get(probe.client(url)))
    os.environ["NO_PROXY"] = "localhost"
    probe.note("no proxy", get(probe.client(url)))
    del os.environ["HTTPS_PROXY"], os.environ["NO_PROXY"]
    for name, given in (
        ("unverified", {"verify": False}),
        ("client certificate", {"config": {"client_cert": "x.pem"}}),
        ("settings of proxies", {"config": {"proxies_config": {"proxy_ca_bundle": "x.pem"}}}),
    ):
        probe.note(name, lambda given=given: get(probe.client(url, **given))())  # type: ignore[misc]


def connections(probe: Probe) -> None:
    """How connections are kept, and given up."""
    server = Server(probe.context)
    client = probe.client(f"https://localhost:{server.port}", attempts=2)

    def delete(case: str) -> Any:
        return client.delete_object(Bucket="b", Key=case)["ResponseMetadata"]["RetryAttempts"]

    def in_threads() -> list[Any]:
        found: list[Any] = []
        threads = [
            threading.Thread(target=lambda: found.extend(delete("plain") for _ in range(20)))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    probe.note("three after another", lambda: [delete("plain") for _ in range(3)], server)
    probe.note("a retry", lambda: delete("fails-once"), server)
    probe.note("it closes while nobody asks", lambda: delete("then-closes"), server)
    time.sleep(0.1)
    probe.note("and then is asked", lambda: delete("plain"), server)
    client.close()
    probe.note("after the client was closed", lambda: delete("plain"), server)
    threaded = Server(probe.context)
    client = probe.client(f"https://localhost:{threaded.port}", attempts=1)
    probe.note("threads", in_threads)
    probe.note("as many connections as threads at most", lambda: threaded.connections <= 12)
    probe.note("a connection for each thread is kept", lambda: len(threaded.requests))


def main(folder: Path) -> dict[str, Any]:
    """Return what came of each, by name."""
    probe = Probe(folder)
    good_and_bad_answers(probe)
    bodies(probe)
    probe.do()
    without_tls(probe)
    endpoints(probe, folder / "stranger.pem")
    connections(probe)
    parameters = inspect.signature(botocore.httpsession.URLLib3Session).parameters
    probe.note("what makes a session", lambda: sorted(parameters))
    return probe.results


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201 - a program's answer
