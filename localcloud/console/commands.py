"""Commands of an app, run for its console."""

import asyncio
import json
import os
import re
import sys
from typing import Any

from localcloud.asgi import Refused
from localcloud.cloud import Cloud

_AT_ONCE = 2
_PATIENCE_SECONDS = 60
# What a page may put into a command: nothing that could be an option.
_ARGUMENT = re.compile(r"[A-Za-z0-9][\w=+/-]{7,127}")
_ENVIRONMENT = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG")


class Commands:
    """Runs commands with this Python, in the app's folder."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def run(self, command: list[str], given: str = "") -> Any:
        """Run a command, with what is `given` in its place; returns its JSON, or what it says.

        Raises:
            Refused: It cannot be given this, fails without output, or takes too long.
        """
        if given and not _ARGUMENT.fullmatch(given):
            raise Refused(400, "this is no id")
        told = {"{id}": given, "{home}": str(self._cloud.home)}
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *(told.get(word, word) for word in command)),
                cwd=self._cloud.app.folder,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    output, talk = await process.communicate()
            except TimeoutError:
                process.kill()
                raise Refused(504, "this takes too long here; run it in a terminal") from None
        text, said = output.decode().strip(), talk.decode().strip().rpartition("\n")[2]
        if process.returncode and not text:
            raise Refused(502, said)
        try:
            return json.loads(text)
        except ValueError:
            return text or said
