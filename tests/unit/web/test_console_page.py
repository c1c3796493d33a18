"""What the console's page promises about its files; how it behaves is for a browser to show."""

import re
import tomllib
from pathlib import Path

import pytest

from cli import main
from cli.project import ROOT

PAGE = ROOT / "web/console"
FILES = sorted(path for path in PAGE.iterdir() if path.suffix != ".toml")
SAID = tomllib.loads((PAGE / "console.toml").read_text("utf-8"))
COMMANDS = [each for of in SAID["commands"].values() for each in of.values()]
SECRET = re.compile(r"auth|cookie|key|token|secret|proof", re.IGNORECASE)


def text(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_text_becomes_markup_and_nothing_comes_from_elsewhere(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text(path))
    addresses = re.findall(r"(?:https?:)//[\w.-]+\.\w+\S*", text(path))
    assert [each for each in addresses if not each.startswith("http://www.w3.org/2000/svg")] == []


def test_nothing_is_inline_so_that_the_content_security_policy_can_be_strict() -> None:
    page = text(PAGE / "index.html")

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]


def test_what_the_scripts_look_for_is_on_the_page() -> None:
    there = set(re.findall(r'id="([\w-]+)"', text(PAGE / "index.html")))
    scripts = "".join(text(path) for path in FILES if path.suffix == ".js")

    assert set(re.findall(r'(?:\$|fill)\("([\w-]+)"', scripts)) <= there | {"trace"}


def test_the_headers_that_are_kept_are_no_secrets() -> None:
    assert [
        name for name in SAID["headers"] if SECRET.search(name.replace("idempotency-key", ""))
    ] == []


def test_every_file_it_names_is_there() -> None:
    assert [path for path in SAID["files"].values() if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[2])
def test_a_command_is_one_of_the_apps_about_this_cloud_alone(command: list[str]) -> None:
    assert command[:2] == ["-m", "cli"]
    assert command[2] in main.COMMANDS
    assert command[-2:] == ["--home", "{home}"]
    assert "--aws" not in command
