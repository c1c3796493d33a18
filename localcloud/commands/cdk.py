"""`tap cdk`: the pinned CDK CLI, pointed where it should be and nowhere else."""

import subprocess

import typer

from localcloud import project
from localcloud.aws import Account
from localcloud.commands.options import Aws, Home, Yes, running_cloud
from localcloud.errors import CliError

_CHANGES = ("bootstrap", "deploy", "destroy", "import", "rollback", "watch", "gc", "refactor")


def cdk(
    context: typer.Context,
    aws: Aws = False,
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Run the CDK CLI against the embedded cloud, or with --aws against AWS.

    tap cdk diff

    tap cdk --aws deploy --all

    With --aws no setting of an endpoint survives, the account is shown, and a change is confirmed
    first. Without it, the credentials are the embedded cloud's own: real AWS refuses them.
    """
    arguments = context.args
    if not arguments:
        raise CliError("no CDK command was given; try `tap cdk diff`, or `tap cdk --help`")
    environ = _for_aws(arguments, yes=yes) if aws else running_cloud(home).environment()
    ended = subprocess.run(
        project.cdk(arguments), cwd=project.ROOT, env=project.tool_environment(environ), check=False
    )
    raise typer.Exit(ended.returncode)


def _for_aws(arguments: list[str], *, yes: bool) -> dict[str, str]:
    account = Account()
    if arguments[0] in _CHANGES:
        account.confirm(arguments[0], yes=yes)
    return account.environment()
