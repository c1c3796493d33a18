"""The dev container is what the workflows run in, for a user who may run PostgreSQL."""

import json
import re
from pathlib import Path

from cli.commands.up import _DEFAULTS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".devcontainer"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
SETTINGS = json.loads((FOLDER / "devcontainer.json").read_text("utf-8"))
MAKE = set(re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8")))


def test_its_image_is_the_one_of_the_workflows_pinned_by_digest() -> None:
    [image] = re.findall(r"(?m)^FROM (\S+)@sha256:[0-9a-f]{64}$", DOCKERFILE)

    for checks in (ROOT / ".github/workflows").glob("checks.yml"):  # a project may have none
        assert f"container: {image}\n" in checks.read_text("utf-8")
    assert image == "python:3.11-bookworm"


def test_its_user_is_not_root() -> None:
    [user] = re.findall(r"(?m)^USER (\w+)$", DOCKERFILE)

    assert user == SETTINGS["remoteUser"] != "root"


def test_it_forwards_the_front_door_and_runs_targets_that_there_are() -> None:
    ran = " ".join((SETTINGS["postCreateCommand"], SETTINGS["postStartCommand"]))

    assert SETTINGS["forwardPorts"] == [_DEFAULTS["front_port"]]
    assert set(re.findall(r"make ([a-z-]+)", ran)) <= MAKE
