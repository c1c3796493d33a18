"""Commands of an app, run for its console with this Python in the app's folder."""

import asyncio
import json
import os
import re
import subprocess
import sys
from functools import partial
from typing import Any

from localcloud.asgi import Refused
from localcloud.cloud import Cloud

_TURNS = asyncio.Semaphore(2)
# What a page may put into a command: nothing that could be an option.
_ARGUMENT = re.compile(r"[A-Za-z0-9][\w=+/-]{7,127}")
_ENVIRONMENT = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG")


async def run(cloud: Cloud, command: list[str], given: str = "") -> Any:
    """Run a command, with what is `given` for its `{id}`; returns its JSON, or what it says."""
    if given and not _ARGUMENT.fullmatch(given):
        raise Refused(400, "this is no id")
    told = {"{id}": given, "{home}": str(cloud.home)}
    call = partial(
        subprocess.run,
        [sys.executable, *(told.get(word, word) for word in command)],
        cwd=cloud.app.folder,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    try:
        async with _TURNS:
            ended = await asyncio.to_thread(call)
    except subprocess.TimeoutExpired:
        raise Refused(504, "this takes too long here; run it in a terminal") from None
    text, said = ended.stdout.strip(), ended.stderr.strip().rpartition("\n")[2]
    if ended.returncode and not text:
        raise Refused(502, said)
    try:
        return json.loads(text)
    except ValueError:
        return text or said
