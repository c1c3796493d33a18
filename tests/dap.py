"""An editor, as far as a debugger knows one: a client of the Debug Adapter Protocol.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import itertools
import json
import socket
import time
from pathlib import Path
from typing import Any, Self

_SECONDS = 20.0


class Editor:
    """A connection to a debugger, from the attachment on; leaving it detaches."""

    def __init__(self, port: int) -> None:
        self._socket = _connected(port)
        self._stream = self._socket.makefile("rwb")
        self._numbers = itertools.count(1)
        self._came: list[Any] = []
        self._attaching = 0  # the number of the request

    def __enter__(self) -> Self:
        self.ask("initialize", adapterID="tests")
        self._attaching = self._send("attach", {})
        self.event("initialized")
        return self

    def __exit__(self, *_: object) -> None:
        self.ask("disconnect", terminateDebuggee=False)
        self._stream.close()
        self._socket.close()

    def run(self, file: Path, line: int) -> None:
        """Set the one breakpoint, and let the program go on."""
        points = [{"line": line}]
        set_points = self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=points)
        assert set_points["breakpoints"][0]["verified"], set_points
        self.ask("configurationDone")
        self._answer(self._attaching)

    def stopped(self) -> tuple[int, str, int, dict[str, str]]:
        """The thread that has stopped: its number, the file, the line, and the local variables."""
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        local = self.ask("variables", variablesReference=scopes[0]["variablesReference"])
        values = {each["name"]: each["value"] for each in local["variables"]}
        return thread, frame["source"]["path"], frame["line"], values

    def ask(self, command: str, **arguments: Any) -> Any:
        """Send a request; returns the body of its answer, which must be a success."""
        return self._answer(self._send(command, arguments))

    def event(self, name: str) -> Any:
        """The body of the next event of a name."""
        return self._next(event=name).get("body")

    def _send(self, command: str, arguments: dict[str, Any]) -> int:
        number = next(self._numbers)
        said = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        content = json.dumps(said).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._stream.flush()
        return number

    def _answer(self, number: int) -> Any:
        said = self._next(type="response", request_seq=number)
        assert said["success"], said
        return said.get("body")

    def _next(self, **wanted: Any) -> Any:
        """The first message with these members, of those that came and that come."""
        while True:
            for each in self._came:
                if wanted.items() <= each.items():
                    self._came.remove(each)
                    return each
            length = 0
            while header := self._stream.readline().strip():
                length = int(header.partition(b":")[2])
            assert length, "the debugger has gone"
            self._came.append(json.loads(self._stream.read(length)))


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), _SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "nothing waits for an editor"
            time.sleep(0.1)
