"""What `tap debug` tells the embedded cloud, and that it takes it back."""

from types import SimpleNamespace

import pytest

from cli import project, stacks, targets
from cli.commands import debug
from cli.errors import CliError
from localcloud import process
from localcloud.cloud import Cloud


@pytest.fixture
def cloud(monkeypatch, tmp_path):
    made = Cloud(home=tmp_path, port=1, front_port=2)
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(targets, "running_cloud", lambda _: made)
    monkeypatch.setattr(targets, "embedded", lambda _: SimpleNamespace(clients=None, stacks=()))
    monkeypatch.setattr(stacks, "functions", lambda *_: {"items_api": "tap-api-function-dev"})
    monkeypatch.setattr(process, "running", lambda _: None)
    return made


@pytest.fixture
def seen(cloud, monkeypatch):
    """What was told of the function each time that its environments were ended."""
    found: list[str] = []
    told = cloud.home / "run" / "debugged" / "tap-api-function-dev"

    def end(_cloud, name):
        assert name == told.name
        found.append(told.read_text("utf-8") if told.exists() else "")

    monkeypatch.setattr(process, "end_function", end)
    return found


def test_a_function_starts_anew_with_a_debugger_and_again_without(seen):
    debug.debug("items_api", port=5679)

    port, packages, sources = seen[0].split()
    assert port == "5679"
    assert packages.endswith("site-packages")
    assert sources == str(project.ROOT)
    assert seen[1:] == [""]


def test_a_function_that_there_is_not_is_told(seen):
    with pytest.raises(CliError, match="no service 'orders'; choose from items_api"):
        debug.debug("orders")

    assert not seen


def test_what_is_not_installed_is_told(seen, monkeypatch):
    monkeypatch.setattr(debug, "find_spec", lambda _: None)

    with pytest.raises(CliError, match="`make dev` installs it"):
        debug.debug("items_api")

    assert not seen
