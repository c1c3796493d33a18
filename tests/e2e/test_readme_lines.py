"""The lines that `tap up` prints to try it work as they are printed."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.deployment import Deployment, environment

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def lines(deployment: Deployment) -> list[str]:
    """The printed commands, in their order: health, create, upload."""
    _, _, shown = deployment.tap("up").stdout.partition("Try it:\n")
    return [line.strip() for line in shown.splitlines() if line.strip()]


def _run(deployment: Deployment, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=environment() | {"TAP_HOME": str(deployment.home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_tap_up_prints_three_lines_to_try(lines: list[str]) -> None:
    assert [line.split()[0] for line in lines] == ["curl", ".venv/bin/tap", ".venv/bin/tap"]


def test_the_health_line_says_up(deployment: Deployment, lines: list[str]) -> None:
    said = _run(deployment, lines[0])

    assert json.loads(said.stdout)["data"] == {"status": "up"}, said.stderr


def test_the_create_line_creates_an_item(deployment: Deployment, lines: list[str]) -> None:
    said = _run(deployment, lines[1])

    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["data"]["item"]["name"] == "first"


def test_the_upload_line_prints_a_line_that_downloads_the_file(
    deployment: Deployment, lines: list[str]
) -> None:
    file = lines[2].split()[-1]

    said = _run(deployment, lines[2])

    assert said.returncode == 0, said.stderr
    assert _run(deployment, said.stdout).stdout == (ROOT / file).read_text("utf-8")
