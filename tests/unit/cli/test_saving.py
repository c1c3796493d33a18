"""`tap save`, `tap load` and `tap reset`: what they ask before, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest
import typer

from cli.commands import load, reset, save, up
from cli.errors import CliError
from localcloud.cloud import Cloud
from localcloud.errors import CloudError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A stopped cloud that holds a state."""
    cloud = Cloud(home=tmp_path / "cloud", port=1, front_port=2)
    cloud.save()
    (cloud.home / "state").mkdir()
    held(cloud.home).write_text("first")
    return cloud.home


def held(home: Path) -> Path:
    return home / "state" / "settings.json"


def refuse(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer every question with no; returns them."""
    questions: list[str] = []

    def confirm(question: str, **_: Any) -> None:
        questions.append(question)
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", confirm)
    return questions


def test_what_was_saved_is_listed_and_loaded(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save.save("mine", home=home)
    held(home).write_text("second")

    save.save(home=home)
    load.load("mine", yes=True, home=home)

    assert "mine" in capsys.readouterr().out
    assert held(home).read_text() == "first"


def test_a_no_leaves_what_is_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save.save("mine", home=home)
    held(home).write_text("second")
    questions = refuse(monkeypatch)

    for ask in (lambda: save.save("mine", home=home), lambda: load.load("mine", home=home)):
        with pytest.raises(typer.Abort):
            ask()
    with pytest.raises(typer.Abort):
        reset.reset(home=home)

    assert [question.split()[0] for question in questions] == ["save", "throw", "throw"]
    assert held(home).read_text() == "second"


def test_a_bad_name_is_refused_in_one_line(home: Path) -> None:
    with pytest.raises(CliError, match="a name is of a to z"):
        save.save("../mine", home=home)
    with pytest.raises(CloudError, match="is no saved state, or not a whole one"):
        load.load("nothing", home=home)

    assert held(home).read_text() == "first"


def test_without_a_cloud_each_says_what_makes_one(tmp_path: Path) -> None:
    for command in (save.save, load.load):
        with pytest.raises(CliError, match="`tap up` makes one"):
            command("mine", home=tmp_path)
    with pytest.raises(CliError, match="`tap up` makes one"):
        reset.reset(home=tmp_path)


def test_a_reset_forgets_and_deploys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed: list[Path] = []
    monkeypatch.setattr(up, "up", deployed.append)
    before = Cloud.load(home)

    reset.reset(yes=True, home=home)

    assert deployed == [home]
    assert Cloud.load(home) == before
    assert not held(home).exists()
