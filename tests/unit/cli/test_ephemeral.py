"""How a cloud for a while ends: with its command, with Ctrl-C, and with what cannot be run."""

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from cli.ephemeral import while_running
from cli.errors import CliError
from localcloud import process
from localcloud.cloud import Cloud


@pytest.fixture
def stopped(monkeypatch):
    """The folders of the clouds that were stopped."""
    found: list[object] = []
    monkeypatch.setattr(process, "stop", found.append)
    before = signal.getsignal(signal.SIGTERM)
    yield found
    signal.signal(signal.SIGTERM, before)


def made(home):
    return Cloud(home=home, port=1, front_port=2)


def test_a_command_finds_the_cloud_by_its_variables(stopped, tmp_path):
    told = tmp_path / "told"
    asks = ["sh", "-c", f'echo "$TAP_HOME $AWS_ENDPOINT_URL" > {told}; exit 3']

    assert while_running(asks, made) == 3

    home, endpoint = told.read_text("utf-8").split()
    assert not Path(home).parent.exists()
    assert [str(each) for each in stopped] == [home]
    assert endpoint == "https://127.0.0.1:1"


def test_ctrl_c_ends_the_cloud(stopped):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    assert while_running((), made) == 130

    assert len(stopped) == 1


def test_sigterm_ends_the_cloud(stopped):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with pytest.raises(SystemExit) as ended:
        while_running((), made)

    assert ended.value.code == 143
    assert len(stopped) == 1


def test_a_program_that_there_is_not_is_told(stopped):
    with pytest.raises(CliError, match="cannot run nosuch: No such file"):
        while_running(["nosuch"], made)

    assert len(stopped) == 1


def test_of_a_cloud_that_could_not_be_made_the_logs_are_kept(stopped):
    def fail(home):
        home.mkdir()
        (home / "cdk.log").touch()
        raise CliError("cdk deploy failed")

    with pytest.raises(CliError, match="cdk deploy failed"):
        while_running(["true"], fail)

    [home] = stopped
    assert (home / "cdk.log").exists()
    shutil.rmtree(home.parent)
