"""Requests that do not end are ended, and what is too long is not taken whole."""

import json
import time
from contextlib import ExitStack

import psutil
import pytest

from localcloud.limits import BODY_SECONDS, HEADER_SECONDS
from tests.deployment import Deployment
from tests.security.wire import Wire

pytestmark = pytest.mark.embedded

MEGABYTE = 1024 * 1024
PATIENCE = max(HEADER_SECONDS, BODY_SECONDS) + 10
HALVES = {
    "nothing": b"",
    "half a header": b"POST / HTTP/1.1\r\nhost: localhost\r\nx-half",
    "half a body": b"POST /index.html HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf",
    "an endless body": b"POST /index.html HTTP/1.1\r\nhost: localhost\r\n"
    b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n",
}


def test_half_of_a_request_is_not_waited_for_long(front_door: Wire, aws_api: Wire) -> None:
    with ExitStack() as stack:
        waiting = []
        for wire in (front_door, aws_api):
            for half in HALVES.values():
                connection = stack.enter_context(wire.connected(seconds=PATIENCE))
                connection.sendall(half)
                waiting.append(connection)
        ends = time.monotonic() + PATIENCE

        for connection in waiting:
            while connection.recv(4096):
                assert time.monotonic() < ends


def test_a_body_that_trickles_ends(front_door: Wire) -> None:
    began = time.monotonic()
    with front_door.connected(seconds=1) as connection:
        connection.sendall(HALVES["an endless body"])
        while time.monotonic() < began + PATIENCE:
            try:
                connection.sendall(b"1\r\nx\r\n")
                if not connection.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break

    assert BODY_SECONDS - 5 < time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("path", ["/index.html", "/api/orders", "/tap/api", "/partner/items"])
def test_more_than_ten_megabytes_are_refused_at_the_front_door(front_door: Wire, path: str) -> None:
    said = front_door.send("POST", path, body=bytes(10 * MEGABYTE + 1))

    assert said.status == 413


def test_a_huge_body_is_not_taken_whole(front_door: Wire, deployment: Deployment) -> None:
    assert deployment.home
    noted = json.loads((deployment.home / "process.json").read_text("utf-8"))
    cloud = psutil.Process(noted["pid"])
    before = cloud.memory_info().rss
    with front_door.connected() as connection:
        length = f"content-length: {300 * MEGABYTE}"
        head = f"POST /index.html HTTP/1.1\r\nhost: localhost\r\n{length}\r\n\r\n"
        connection.sendall(head.encode())
        try:
            for _ in range(300):
                connection.sendall(bytes(MEGABYTE))
        except OSError:
            pass  # it was cut off, as it should be

    assert cloud.memory_info().rss - before < 60 * MEGABYTE
