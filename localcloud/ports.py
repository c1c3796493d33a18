"""Ports of an embedded cloud: which are taken, by whom, and which are free instead."""

import os
import socket
from collections.abc import Collection, Mapping

import psutil

from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_LAST = 65535


class PortsTaken(CloudError):
    """Who holds which of a cloud's ports, and a free one instead of each, by `Cloud`'s name."""

    def __init__(self, taken: str, free: Mapping[str, int]):
        super().__init__(f"{taken}; end it, or choose others, such as {_assignments(free)}")
        self.taken, self.free = taken, free


def require_free(cloud: Cloud) -> None:
    """Raise `PortsTaken` if any of the three is, `CloudError` if two of them are the same."""
    wanted = {name: getattr(cloud, name) for name in ("port", "front_port", "database_port")}
    if len(set(wanted.values())) < len(wanted):
        given = _assignments(wanted)
        raise CloudError(f"two ports are the same ({given}); give each its own number")
    taken = {name: port for name, port in wanted.items() if not _is_free(port)}
    if not taken:
        return
    holders = ", ".join(f"port {port} is taken by {_holder(port)}" for port in taken.values())
    chosen: dict[str, int] = {}
    for name, port in taken.items():
        chosen[name] = _next_free(port, (*wanted.values(), *chosen.values()))
    raise PortsTaken(holders, chosen)


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _assignments(ports: Mapping[str, int]) -> str:
    return " ".join(f"{name}={port}" for name, port in ports.items())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _next_free(port: int, others: Collection[int]) -> int:
    above = (number for number in range(port + 1, _LAST + 1) if number not in others)
    return next((number for number in above if _is_free(number)), None) or free_port()


def _holder(port: int) -> str:
    if port < 1024 and os.geteuid() != 0:
        return "the system, which gives ports below 1024 to root alone"
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass  # Not every system lets a user see another's connections.
    return "another program"
