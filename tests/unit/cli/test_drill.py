"""`tap drill`: lists the drills, and runs one."""

import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest
import typer

from cli import project
from cli.commands import drill
from cli.errors import CliError


def test_without_a_name_the_drills_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    drill.drill("")

    said = capsys.readouterr().out
    assert "database-paused" in said
    assert "SIGSTOP" in said


def test_every_mark_of_a_drill_is_read() -> None:
    files = (project.ROOT / "tests/drills").glob("test_*.py")

    marks = sum(path.read_text("utf-8").count("mark.drill(") for path in files)

    assert len(drill.drills()) == marks > 10


def test_an_unknown_drill_is_refused() -> None:
    with pytest.raises(CliError, match="no drill is called 'flood'; `tap drill` lists them"):
        drill.drill("flood")


def test_without_the_tests_packages_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(project, "find_spec", nothing)

    with pytest.raises(CliError, match="`make dev` installs them"):
        drill.drill("disk-full")


def test_a_drill_is_the_test_of_its_mark_and_ends_as_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(typer.Exit) as ended:
        drill.drill("disk-full")

    assert ended.value.exit_code == 1
    assert ran[0][:3] == [sys.executable, "-m", "pytest"]
    assert ran[0][-3:] == ["-m", 'drill(name="disk-full")', "tests/drills"]
