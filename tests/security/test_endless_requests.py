"""Requests that do not end are ended, and what is too long is not taken whole."""

import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from tests.deployment import Deployment
from tests.security.wire import Wire

pytestmark = pytest.mark.embedded

MEGABYTE = 1024 * 1024
PATIENCE = 45.0
LINE = b"POST /index.html HTTP/1.1\r\nhost: localhost\r\n"
# What is sent first, and then again every second.
STARTS = {
    "nothing": (b"", b""),
    "half a header": (LINE + b"x-half", b""),
    "an endless header": (LINE + b"x-half: ", b"x"),
    "half a body": (LINE + b"content-length: 99\r\n\r\nhalf", b""),
    "an endless body": (LINE + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n", b"1\r\nx\r\n"),
}
PORTS = ("front_door", "aws_api")


def seconds_of(wire: Wire, first: bytes, again: bytes) -> float:
    """How long a connection stays open on which a request begins and does not end."""
    began = time.monotonic()
    with suppress(ConnectionError, ssl.SSLError), wire.connected(seconds=1) as connection:
        connection.sendall(first)
        while time.monotonic() - began < PATIENCE:
            try:
                if not connection.recv(4096):
                    break
            except TimeoutError:
                connection.sendall(again)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def open_for(front_door: Wire, aws_api: Wire) -> dict[tuple[str, str], float]:
    """How long each connection stayed open, all of them opened at once."""
    wires = dict(zip(PORTS, (front_door, aws_api), strict=True))
    cases = [(port, start) for port in PORTS for start in STARTS]
    with ThreadPoolExecutor(len(cases)) as threads:
        lasted = threads.map(lambda case: seconds_of(wires[case[0]], *STARTS[case[1]]), cases)
        return dict(zip(cases, lasted, strict=True))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("port", PORTS)
def test_a_request_that_does_not_end_is_ended(
    open_for: dict[tuple[str, str], float], port: str, start: str
) -> None:
    assert open_for[port, start] < PATIENCE


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
