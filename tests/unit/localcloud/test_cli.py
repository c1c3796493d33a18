"""The command line: what it answers to what it cannot do."""

import pytest
from typer.testing import CliRunner

from localcloud import cli, project
from localcloud.errors import CliError

COMMANDS = ["up", "down", "status", "endpoints", "token", "call", "upload", "logs", "watch", "cdk"]


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("TAP_HOME", str(tmp_path))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli.app, arguments)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    said = run(command, "--help")

    assert said.exit_code == 0
    assert "Usage" in said.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("endpoints",),
        ("token",),
        ("call", "tap", "GET", "/health"),
        ("upload", "README.md"),
        ("logs",),
        ("watch",),
        ("cdk", "diff"),
    ],
)
def test_without_an_embedded_cloud_a_command_says_how_to_start_one(arguments):
    with pytest.raises(CliError, match="start it with `tap up`"):
        CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def test_a_failure_is_one_line_on_stderr_and_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tap", "status"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert said.err.startswith("error: no embedded cloud is running")
    assert len(said.err.splitlines()) == 1


def test_down_without_an_embedded_cloud_is_no_failure():
    assert run("down").exit_code == 0


def test_a_port_beyond_the_range_is_refused():
    assert run("up", "--port", "70000").exit_code == 2


def test_cdk_without_a_command_says_what_to_try():
    with pytest.raises(CliError, match="try `tap cdk diff`"):
        CliRunner().invoke(cli.app, ["cdk"], catch_exceptions=False)


def test_the_folder_is_the_one_given_before_the_one_in_the_environment(tmp_path):
    assert project.home(tmp_path / "given") == tmp_path / "given"
    assert project.home(None) == tmp_path
