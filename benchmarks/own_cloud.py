"""An embedded cloud that a benchmark has for itself, in a temporary folder."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psutil

_TAP = Path(sys.executable).with_name("tap")


class OwnCloud:
    """A running embedded cloud, with every stack deployed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tap("up", "--port", "0", "--front-port", "0", "--database-port", "0")
        self.found = json.loads(self.tap("endpoints", "--json"))

    def tap(self, *arguments: str) -> str:
        """What a command prints."""
        command = [str(_TAP), *arguments]
        home = os.environ | {"TAP_HOME": str(self.home)}
        ended = subprocess.run(command, env=home, capture_output=True, text=True, check=False)
        if ended.returncode:
            sys.exit(ended.stderr.strip())
        return ended.stdout

    def outputs(self, stack: str) -> Any:
        """The outputs of the stack whose name begins so."""
        [found] = [each for name, each in self.found["stacks"].items() if name.startswith(stack)]
        return found

    def process(self) -> psutil.Process:
        """The server's process."""
        noted = json.loads((self.home / "process.json").read_text(encoding="utf-8"))
        return psutil.Process(noted["pid"])

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[Self]:
        """One that ends with the block, and leaves nothing behind."""
        with tempfile.TemporaryDirectory() as folder:
            cloud = cls(Path(folder) / "tap")
            try:
                yield cloud
            finally:
                cloud.tap("down")
