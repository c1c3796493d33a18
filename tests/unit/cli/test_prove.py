"""`tap prove` runs the proof of the checkout, and ends as that does."""

import subprocess
import sys

import pytest
import typer

from cli.commands.prove import prove
from cli.errors import CliError


def test_the_proof_is_told_what_was_asked_and_its_exit_code_is_the_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(typer.Exit) as ended:
        prove(only="ApiRole", write=True)

    assert ended.value.exit_code == 1
    assert ran[0][:3] == [sys.executable, "-m", "tests.proof"]
    assert ran[0][-2:] == ["--only=ApiRole", "--write"]


def test_an_interrupted_proof_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(CliError, match="interrupted"):
        prove()
