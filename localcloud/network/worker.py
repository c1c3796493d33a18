"""Audit hook on the sockets of a function's process, whose text runs before the worker's own.

It sees what Python's sockets connect to; libraries in C and child processes pass it.
"""

import errno
import json
import os
import sys
import time
from typing import Any

_PATIENCE_SECONDS = 127  # what Linux waits for an answer (net.ipv4.tcp_syn_retries)


def guard_sockets(port: int) -> None:
    """Let a socket connect only when the network, which answers on a local port, has a way."""
    names = {"function": "AWS_LAMBDA_FUNCTION_NAME", "version": "AWS_LAMBDA_FUNCTION_VERSION"}
    who = {key: os.environ.get(name, "") for key, name in names.items()}
    network = ("127.0.0.1", port)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            sock, (host, to_port, *_) = arguments
            asked = {**who, "host": host, "port": to_port, "service": _service()}
            if (host, to_port) != network and not _has_way(network, asked):
                _time_out(sock.gettimeout())

    sys.addaudithook(hook)


def _has_way(network: tuple[str, int], asked: dict[str, Any]) -> bool:
    import socket  # only a function that connects pays for it

    with socket.create_connection(network) as connection:
        connection.sendall(json.dumps(asked).encode() + b"\n")
        return connection.recv(1) == b"y"


def _service() -> str:
    """Name the AWS service that botocore connects to: all have one address here; else nothing."""
    frame = sys._getframe()  # noqa: SLF001  # there is no public name
    while frame.f_back:
        frame = frame.f_back
        if frame.f_globals.get("__name__") == "botocore.endpoint":
            return str(getattr(frame.f_locals.get("self"), "_endpoint_prefix", ""))
    return ""


def _time_out(seconds: float | None) -> None:
    """Wait for an answer that never comes, and raise what Python or the kernel would."""
    time.sleep(_PATIENCE_SECONDS if seconds is None else seconds)
    kernels = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    raise kernels if seconds is None else TimeoutError("timed out")
