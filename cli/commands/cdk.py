"""`tap cdk`: the pinned CDK CLI, pointed where it should be and nowhere else."""

import subprocess
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli import project, targets
from cli.console import step
from cli.errors import CliError
from cli.options import Aws, Home, Yes

if TYPE_CHECKING:
    from cli.account import Account
    from localcloud.cloud import Cloud

# What follows `tap cdk` belongs to the CDK CLI, its options included.
CONTEXT_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
_CHANGES = ("bootstrap", "deploy", "destroy", "import", "rollback", "watch", "gc", "refactor")
# Each would choose another account or region than the one that is shown and confirmed.
_CHOSEN_BEFORE = {
    "--profile": "AWS_PROFILE",
    "--region": "AWS_REGION",
    "--ec2creds": "AWS_PROFILE",
    "-i": "AWS_PROFILE",
}


def cdk(context: typer.Context, aws: Aws = False, yes: Yes = False, home: Home = None) -> None:
    """Run the CDK CLI against the embedded cloud, or with --aws against AWS.

    tap cdk diff

    tap cdk --aws deploy --all

    With --aws the credentials are resolved once, as the AWS CLI does; account, region and endpoint
    are shown, a change is confirmed, and the CDK CLI gets exactly these. `deploy` synthesizes first
    and looks whether the account is ready for what it would deploy. `destroy` ends by telling what
    was kept, and writes down how the CDK can adopt it. Without --aws, the credentials are the
    embedded cloud's own: real AWS refuses them.
    """
    arguments = context.args
    if not arguments:
        raise CliError("no CDK command was given; try `tap cdk diff`, or `tap cdk --help`")
    from cli import kept
    from cli.account import Account

    target: Account | Cloud
    if aws:
        _require_one_target(arguments)
        target = Account()
        if arguments[0] == "deploy":
            arguments = _looked_at(target, arguments)
        if arguments[0] in _CHANGES:
            target.confirm(arguments[0], yes=yes)
    else:
        target = targets.running_cloud(home)
    with kept.told(target.client) if arguments[0] == "destroy" else nullcontext():
        status = _run(arguments, target.environment())
    raise typer.Exit(status)


def _looked_at(account: "Account", arguments: list[str]) -> list[str]:
    """Look whether the account is ready; returns arguments that deploy just what was looked at."""
    from cli import preflight

    folder = assembly(arguments, account.environment())
    with step("Looking whether the account is ready", "The account is ready"):
        preflight.require_ready(account.client, folder)
    app = [] if _given(arguments, "--app", "-a") else ["--app", str(folder)]
    return [*arguments, *app]


def _run(arguments: list[str], environ: dict[str, str]) -> int:
    from localcloud import cdk as cdk_cli

    return subprocess.run(
        cdk_cli.command(project.APP, arguments),
        cwd=project.ROOT,
        env=cdk_cli.environment(environ),
        check=False,
    ).returncode


def assembly(arguments: list[str], environ: dict[str, str]) -> Path:
    """The folder of what is to be deployed: the one that `--app` names, else synthesized now."""
    given = _given(arguments, "--app", "-a")
    if given:
        folder = project.ROOT / given[-1]
        if not (folder / "manifest.json").is_file():
            raise CliError(
                f"--app {given[-1]} is not a folder that was synthesized; leave it out, or make it "
                f"with `tap cdk --aws synth --output {given[-1]}`"
            )
        return folder
    folder = project.ROOT / "cdk.out"
    context = [f"--context={value}" for value in _given(arguments, "--context", "-c")]
    if status := _run(["synth", "--quiet", "--output", str(folder), *context], environ):
        raise typer.Exit(status)
    return folder


def _given(arguments: list[str], *names: str) -> list[str]:
    """The values of an option, given as `--name value` or `--name=value`."""
    found = []
    for argument, following in pairwise([*arguments, ""]):
        name, equals, value = argument.partition("=")
        if name in names:
            found.append(value if equals else following)
    return found


def _require_one_target(arguments: list[str]) -> None:
    for argument in arguments:
        name = argument.partition("=")[0]
        if name in _CHOSEN_BEFORE:
            raise CliError(
                f"{name} would choose another target than the one that is shown; "
                f"set {_CHOSEN_BEFORE[name]} before `tap cdk --aws` instead"
            )
