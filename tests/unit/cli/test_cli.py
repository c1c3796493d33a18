"""The command line: what it answers to what it cannot do."""

import errno
import inspect
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

from cli import main as cli
from cli import project
from cli.errors import CliError


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("TAP_HOME", str(tmp_path))
    return tmp_path


# What takes long to import, and what a line of help needs none of.
HEAVY = (
    "botocore",
    "cryptography",
    "hypercorn",
    "ministack",
    "pg8000",
    "psutil",
    "pydantic",
    "rich",
    "typer.rich_utils",
    "urllib3",
    "watchfiles",
)
# The commands that work on AWS as on the embedded cloud; the others run the embedded cloud itself,
# or neither.
LOCAL = (
    *("up", "down", "save", "load", "reset", "watch", "debug", "inbox", "console", "drill"),
    *("prove", "cost"),
)


def run(*arguments):
    return CliRunner().invoke(cli.app, arguments)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command):
    said = run(command, "--help")

    assert said.exit_code == 0
    assert "Usage" in said.output


def imported(script):
    """The heavy modules that a script has imported at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}\nprint(*sys.modules, file=sys.stderr)"],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split()) & set(HEAVY)


def test_the_list_of_commands_imports_no_command_and_nothing_heavy():
    script = """if 1:
        from cli import main
        try:
            main.app(["--help"])
        except SystemExit:
            assert not [name for name in sys.modules if name.startswith("cli.commands")]"""

    assert imported(script) == set()


def test_no_commands_help_imports_anything_heavy():
    script = """if 1:
        from cli import main
        for name in main.COMMANDS:
            try:
                main.app([name, "--help"])
            except SystemExit:
                pass"""

    assert imported(script) == set()


ASKING = (["token"], ["key"], ["status"], ["endpoints"], ["call", "tap", "GET", "/health"])


@pytest.mark.parametrize("arguments", ASKING, ids=lambda arguments: arguments[0])
def test_a_command_that_asks_the_cloud_imports_an_sdk_and_nothing_else_heavy(arguments):
    script = f"""if 1:
        from cli import apis, main
        from cli.errors import CliError
        try:
            main.app({arguments!r})
        except CliError as error:
            assert "no embedded cloud is running" in str(error)"""

    assert imported(script) == {"botocore", "psutil", "urllib3"}


def test_an_option_that_is_not_a_text_is_read_as_its_type(tmp_path):
    said = run("up", "--port", "many", "--home", str(tmp_path))

    assert said.exit_code == 2
    assert "--port" in said.output


def test_each_command_is_listed_with_the_first_line_of_its_docstring_in_their_order():
    wanted = [
        (name, inspect.cleandoc(cli.load(name).help).splitlines()[0]) for name in cli.COMMANDS
    ]

    listed = run("--help").output.partition("Commands:\n")[2].partition("\n\n")[0]
    told = re.sub(r"\n {6,}", " ", listed)  # long ones go on in the next line
    assert re.findall(r"(?m)^  (\w+) +(.+)$", told) == wanted


def test_every_command_of_the_folder_is_listed():
    files = {path.stem for path in (project.ROOT / "cli" / "commands").glob("[a-z]*.py")}

    assert set(cli.COMMANDS) == files


@pytest.mark.parametrize("command", [name for name in cli.COMMANDS if name not in LOCAL])
def test_every_operating_command_works_on_aws_too(command):
    options = {name for param in cli.load(command).params for name in param.opts}

    assert "--aws" in options
    assert command == "cdk" or "--context" in options  # the CDK CLI has its own


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


def fail(monkeypatch, *arguments):
    """Run `tap ARGUMENTS` as a shell does; it must end with exit code 1."""
    monkeypatch.setattr("sys.argv", ["tap", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1


def test_brackets_in_a_path_are_shown_as_they_are(monkeypatch, capsys, tmp_path):
    home = tmp_path / "[x]" / "[/y]"
    monkeypatch.setenv("TAP_HOME", str(home))

    fail(monkeypatch, "status")

    assert f"is running in {home};" in capsys.readouterr().err


@pytest.mark.parametrize("home", ["/proc/nosuch/x", "/dev/null/x", "/" + "n" * 300])
def test_a_folder_that_cannot_be_made_is_one_line_that_says_what_to_do(monkeypatch, capsys, home):
    monkeypatch.setenv("TAP_HOME", home)

    fail(monkeypatch, "up")

    [line] = capsys.readouterr().err.splitlines()
    assert home in line
    assert "name another folder" in line


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/full/file"), "free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "/full/file"), "TAP_HOME"),
        (OSError(errno.EROFS, "Read-only file system", "/full/file"), "TAP_HOME"),
    ],
)
def test_a_fault_of_the_machine_is_one_line_that_says_what_to_do(
    monkeypatch, capsys, error, advice
):
    def full():
        raise error

    monkeypatch.setattr(cli, "app", lambda **_: full())

    fail(monkeypatch, "up")

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: /full/file: ")
    assert advice in line


def test_a_bug_shows_its_traceback(monkeypatch):
    def faulty(**_):
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")

    monkeypatch.setattr(cli, "app", faulty)

    with pytest.raises(FileNotFoundError):
        cli.main()


def test_a_cloud_that_went_away_is_one_line(monkeypatch, capsys):
    def gone(**_):
        raise EndpointConnectionError(endpoint_url="https://127.0.0.1:9/")

    monkeypatch.setattr(cli, "app", gone)

    fail(monkeypatch, "token")

    [line] = capsys.readouterr().err.splitlines()
    assert "https://127.0.0.1:9/" in line
    assert "`tap up`" in line


def test_the_version_is_that_of_the_package():
    said = run("--version")

    assert said.output == f"tap {version('tap')}\n"


def test_a_shell_can_complete_commands_and_options(monkeypatch):
    monkeypatch.setenv("_TAP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "tap upl")
    monkeypatch.setenv("COMP_CWORD", "1")

    said = CliRunner().invoke(cli.app, [], prog_name="tap")

    assert said.output.split() == ["upload"]


def test_a_shell_can_complete_the_options_of_a_command(monkeypatch):
    monkeypatch.setenv("_TAP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "tap upload --content")
    monkeypatch.setenv("COMP_CWORD", "2")

    said = CliRunner().invoke(cli.app, [], prog_name="tap")

    assert said.output.split() == ["--content-type"]


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
