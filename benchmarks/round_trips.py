"""Counts how often a client waits for a server, whatever they say and however encrypted."""

import socket
import threading
from contextlib import suppress
from typing import Self


class CountingProxy:
    """Passes TCP connections on to a local port.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        round_trips: How often a client spoke after the server had; packets in a row are one.
    """

    def __init__(self, server_port: int) -> None:
        self.round_trips = 0
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        """Start listening."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                waiting = threading.Event()
                for source, target, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._pass, args=(source, target, waiting, asks), daemon=True
                    ).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, waiting: threading.Event, asks: bool
    ) -> None:
        with suppress(OSError):  # the other side ended
            while data := source.recv(65536):
                if asks and not waiting.is_set():
                    waiting.set()
                    self.round_trips += 1
                elif not asks:
                    waiting.clear()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
