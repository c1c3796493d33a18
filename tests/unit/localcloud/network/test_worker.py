"""The guard in a function's process: what it asks, and what a refusal looks like."""

import json
import socketserver
import subprocess
import sys
import threading
import time
from inspect import getsource

import pytest

from localcloud.network import worker

MEETS = """
import json, socket, sys, time

def meet(connect):
    began = time.monotonic()
    try:
        connect()
        met = None
    except OSError as error:
        met = [type(error).__name__, error.errno, str(error)]
    print(json.dumps([met, time.monotonic() - began]))
"""


@pytest.fixture
def network():
    """A network that has a way to its own port alone, and what it was asked."""
    asked = []

    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            asked.append(json.loads(self.rfile.readline() or b"null"))
            # A connection that is let through is one to this port, and asks nothing.
            if asked[-1]:
                self.wfile.write(b"y" if asked[-1]["port"] == target else b"n")

    with (
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server,
        socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as other,
    ):
        target = other.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], target, asked
        server.shutdown()


def meet(port, code, setup=""):
    """What a guarded process met, and after how many seconds."""
    program = f"{setup}\n{getsource(worker)}\nguard_sockets({port})\n{MEETS}\n{code}"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(ran.stdout)


def test_a_socket_connects_where_there_is_a_way(network):
    port, target, asked = network

    met, _ = meet(port, f"meet(lambda: socket.create_connection(('127.0.0.1', {target})))")

    assert met is None
    question = {"function": "f", "version": "7", "host": "127.0.0.1", "service": ""}
    assert asked == [{**question, "port": target}]


def test_a_refused_connection_times_out_after_the_sockets_own_timeout(network):
    port, _, _ = network

    met, after = meet(port, "meet(lambda: socket.create_connection(('192.0.2.1', 443), 0.3))")

    assert met == ["TimeoutError", None, "timed out"]
    assert 0.3 <= after < 5


def test_without_a_timeout_it_ends_as_the_kernels(network):
    port, _, _ = network
    code = "_PATIENCE_SECONDS = 0.3\nmeet(lambda: socket.create_connection(('192.0.2.1', 443)))"

    met, after = meet(port, code)

    assert met[:2] == ["TimeoutError", 110]
    assert after >= 0.3


def test_a_unix_socket_is_none_of_the_networks(network, tmp_path):
    port, _, asked = network

    met, _ = meet(
        port, f"meet(lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / 's')!r}))"
    )

    assert met[0] == "FileNotFoundError"
    assert not asked


def test_botocores_connections_name_their_service(network):
    port, target, asked = network
    code = f"""
import types
endpoint = types.ModuleType("botocore.endpoint")
exec('''
class Endpoint:
    _endpoint_prefix = "secretsmanager"
    def send(self, connect):
        connect()
''', vars(endpoint))
meet(lambda: endpoint.Endpoint().send(
    lambda: socket.create_connection(("127.0.0.1", {target}))))
"""
    meet(port, code)

    assert [each["service"] for each in asked] == ["secretsmanager"]


def test_code_without_connections_pays_for_no_socket_module(network):
    port, _, _ = network
    code = "import sys\nprint(json.dumps('socket' in sys.modules))"
    program = f"{getsource(worker)}\nguard_sockets({port})\n{code}"
    began = time.monotonic()

    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "false\n"
    assert time.monotonic() - began < 5
