"""A laptop's proxy is asked for nothing that is on this machine."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.deployment import another_cloud, copy_deployed, tap

pytestmark = pytest.mark.embedded


class _Proxy(ThreadingHTTPServer):
    """A proxy that refuses everything, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Refusal)


class _Refusal(BaseHTTPRequestHandler):
    server: _Proxy

    def handle_one_request(self) -> None:
        asked = self.rfile.readline(65537)
        self.close_connection = True
        self.server.asked.append(asked.decode("latin-1").strip())
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    with _Proxy() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_cloud_starts_and_answers_and_no_proxy_hears_of_it(proxy: _Proxy) -> None:
    address = f"http://127.0.0.1:{proxy.server_port}"
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environ = dict.fromkeys(names, address)
    body = ("-d", '{"operation": "list"}')

    with another_cloud() as home:
        copy_deployed(home)
        up = tap(home, "up", check=False, environ=environ)
        call = tap(home, "call", "tap", "POST", "/api", *body, check=False, environ=environ)

    assert (up.returncode, call.returncode) == (0, 0), up.stderr + call.stderr
    assert proxy.asked == []
