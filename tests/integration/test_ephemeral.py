"""A cloud that is there while a command runs, and of which nothing is left."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.deployment import SUFFIX, TAP, environment

pytestmark = pytest.mark.embedded
_ROOT = Path(__file__).parents[2]
_ASKS = """
import os, subprocess, sys
print(os.environ["TAP_HOME"], flush=True)
subprocess.run([sys.argv[1], "call", "tap", "GET", "/health"], check=True)
sys.exit(7)
"""


def test_a_command_has_a_cloud_of_its_own_and_leaves_nothing_of_it() -> None:
    asking = [sys.executable, "-c", _ASKS, str(TAP)]

    ended = subprocess.run(
        [TAP, "up", "--ephemeral", "--stack", f"TapStack{SUFFIX}", "--", *asking],
        cwd=_ROOT,
        env=environment("up"),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    home, answer = ended.stdout.split("\n", 1)
    assert ended.returncode == 7, ended.stderr
    assert '"status":"up"' in answer
    assert not Path(home).parent.exists()
    assert not [each for each in psutil.process_iter() if home in _command(each)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
