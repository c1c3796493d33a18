"""`tap console`: the address with its key, for this user's browser alone."""

import stat
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli import targets
from cli.commands.console import console
from cli.errors import CliError
from localcloud.cloud import Cloud

URL = "http://127.0.0.1:8080/console/#key=the-key"


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """What a browser is told to open."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/console.key").write_text("the-key")
    cloud = Cloud(home=tmp_path, port=4566, front_port=8080)
    monkeypatch.setattr(targets, "running_cloud", lambda _home: cloud)
    found: list[str] = []
    monkeypatch.setattr(webbrowser, "open", found.append)
    return found


def test_the_browser_is_given_a_file_of_this_user_instead_of_the_key(opened, capsys):
    console()

    [address] = opened
    page = Path(urlsplit(address).path)
    assert "the-key" not in address
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert f"url={URL}" in page.read_text("utf-8")
    assert capsys.readouterr().out.strip() == URL


@pytest.mark.usefixtures("opened")
def test_a_cloud_that_an_older_command_started_is_to_be_started_again(tmp_path):
    (tmp_path / "run/console.key").unlink()

    with pytest.raises(CliError, match="tap down"):
        console()


def test_no_browser_is_opened_when_only_the_address_is_asked_for(opened, capsys):
    console(no_open=True)

    assert opened == []
    assert capsys.readouterr().out.strip() == URL
