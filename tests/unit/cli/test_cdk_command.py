"""`tap cdk --aws`: one target, synthesized once, looked at and confirmed before it is changed."""

import json
import sys
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from cli import account, kept, preflight, project
from cli import main as cli
from cli.errors import CliError
from localcloud import cdk as cdk_cli

# In the CDK CLI's place: notes how it was called, and leaves an assembly where `synth` would.
FAKE = """if 1:
    import json, os, pathlib, sys
    with open("calls", "a") as calls:
        print(json.dumps([sys.argv[1:], os.environ.get("AWS_ACCESS_KEY_ID")]), file=calls)
    if sys.argv[1] == "synth":
        folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json").write_text("{}")
    sys.exit(7 if "environmentSuffix=No" in str(sys.argv) else 0)
"""


class Account:
    """An account that is shown without asking AWS."""

    client = None

    def environment(self):
        """What the CDK CLI is run with."""
        return {"AWS_ACCESS_KEY_ID": "AKIASHOWN"}

    def confirm(self, what, *, yes):
        """Note the question where the calls are noted."""
        with (project.ROOT / "calls").open("a") as calls:
            print(json.dumps(["confirmed", what, yes]), file=calls)


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A checkout with a CDK CLI that notes its calls, and an account that is ready."""
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(
        cdk_cli, "command", lambda _, arguments: [sys.executable, "-c", FAKE, *arguments]
    )
    monkeypatch.setattr(account, "Account", Account)
    monkeypatch.setattr(kept, "told", told)
    monkeypatch.setattr(preflight, "require_ready", lambda _, folder: note("looked", str(folder)))
    return tmp_path


@contextmanager
def told(_):
    """Note when what was kept is told."""
    yield
    note("told")


def note(*what):
    with (project.ROOT / "calls").open("a") as calls:
        print(json.dumps(what), file=calls)


def run(*arguments):
    return CliRunner().invoke(cli.app, ["cdk", *arguments])


def calls():
    path = project.ROOT / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_deployment_is_synthesized_looked_at_confirmed_and_then_made_of_just_that(checkout):
    folder = str(checkout / "cdk.out")

    run("--aws", "--yes", "deploy", "--all", "-c", "alarmEmail=a@example.com")

    assert calls() == [
        [
            ["synth", "--quiet", "--output", folder, "--context=alarmEmail=a@example.com"],
            "AKIASHOWN",
        ],
        ["looked", folder],
        ["confirmed", "deploy", True],
        [
            ["deploy", "--all", "-c", "alarmEmail=a@example.com", "--app", folder],
            "AKIASHOWN",
        ],
    ]


def test_what_was_synthesized_elsewhere_is_deployed_as_it_is(checkout):
    (checkout / "made").mkdir()
    (checkout / "made" / "manifest.json").write_text("{}")

    run("--aws", "deploy", "--app=made")

    assert calls() == [
        ["looked", str(checkout / "made")],
        ["confirmed", "deploy", False],
        [["deploy", "--app=made"], "AKIASHOWN"],
    ]


def test_an_app_that_is_no_synthesized_folder_is_refused():
    with pytest.raises(CliError, match="is not a folder that was synthesized"):
        CliRunner().invoke(
            cli.app, ["cdk", "--aws", "deploy", "--app", "python tap.py"], catch_exceptions=False
        )


def test_a_synthesis_that_fails_ends_the_deployment_before_any_question():
    ended = run("--aws", "deploy", "--all", "--context=environmentSuffix=No")

    assert ended.exit_code == 7
    assert [call[0][0] for call in calls()] == ["synth"]


@pytest.mark.parametrize(
    ("arguments", "confirmed"),
    [(["diff"], []), (["import", "TapStackprod"], [["confirmed", "import", False]])],
)
def test_what_changes_aws_is_confirmed_and_what_does_not_is_not(arguments, confirmed):
    run("--aws", *arguments)

    assert calls() == [*confirmed, [arguments, "AKIASHOWN"]]


def test_what_a_destroyed_stack_kept_is_told_at_the_end():
    run("--aws", "destroy", "--all")

    assert calls() == [
        ["confirmed", "destroy", False],
        [["destroy", "--all"], "AKIASHOWN"],
        ["told"],
    ]


@pytest.mark.parametrize(
    ("argument", "variable"),
    [
        ("--profile=other", "AWS_PROFILE"),
        ("--region", "AWS_REGION"),
        ("-i", "AWS_PROFILE"),
        ("--ec2creds", "AWS_PROFILE"),
    ],
)
def test_an_option_that_would_choose_another_target_than_is_shown_is_refused(argument, variable):
    with pytest.raises(CliError, match=f"set {variable} before"):
        CliRunner().invoke(cli.app, ["cdk", "--aws", "diff", argument, "x"], catch_exceptions=False)

    assert calls() == []
