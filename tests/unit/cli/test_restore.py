"""`tap restore`: it rehearses when it is told to, and asks before it does on AWS."""

from types import SimpleNamespace
from typing import Any

import pytest
import typer

from cli import targets
from cli.commands import restore
from cli.errors import CliError
from tools import restore as tool
from tools.restore.drill import DIFFERENT, EQUAL


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user was asked, with a target that is AWS."""
    said: list[str] = []

    def confirm(what: str, *, yes: bool) -> None:
        if not yes:
            said.append(what)

    target = SimpleNamespace(cloud=None, confirm=confirm)
    monkeypatch.setattr(targets, "find", lambda *_, **__: target)
    monkeypatch.setattr(tool, "Site", lambda _: None)
    return said


def rehearsed(monkeypatch: pytest.MonkeyPatch, *verdicts: str | BaseException) -> None:
    """Let each restore end with one of these."""

    def rehearse(verdict: Any) -> Any:
        if isinstance(verdict, BaseException):
            raise verdict
        return SimpleNamespace(
            verdict=verdict, row=lambda: {"verdict": verdict}, behind=1.0, seconds=1.0
        )

    monkeypatch.setattr(tool, "kept", lambda _: verdicts)
    monkeypatch.setattr(tool, "rehearse", rehearse)


def test_without_drill_it_restores_nothing(asked: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="--drill rehearses it"):
        restore.restore()

    assert not asked


def test_it_asks_first_and_says_the_measured_times(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsed(monkeypatch, EQUAL, EQUAL)

    restore.restore(drill=True, aws=True)

    said = capsys.readouterr()
    assert asked == ["restore every table, database and bucket beside itself"]
    assert said.out.count(EQUAL) == 2
    assert "recovery time: 1.0 s at most, 240 minutes are stated: met" in said.err


def test_one_that_differs_fails_the_command(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch, EQUAL, DIFFERENT)

    with pytest.raises(typer.Exit) as ended:
        restore.restore(drill=True, yes=True)

    assert ended.value.exit_code == 1
    assert not asked


def test_an_interruption_says_what_became_of_the_copies(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch, KeyboardInterrupt())

    with pytest.raises(CliError, match="interrupted; the copies that the drill had made are"):
        restore.restore(drill=True, yes=True)

    assert not asked


def test_the_page_states_the_objectives_that_are_measured() -> None:
    from cli import project
    from tools.restore.drill import POINT_SECONDS, TIME_SECONDS

    page = (project.ROOT / "docs/operations.md").read_text("utf-8")

    assert f"| recovery point | {POINT_SECONDS // 60} minutes" in page
    assert f"| recovery time | {TIME_SECONDS // 60} minutes" in page
