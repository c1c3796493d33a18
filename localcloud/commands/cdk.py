"""`tap cdk`: the pinned CDK CLI, pointed where it should be and nowhere else."""

import os
import subprocess
from typing import Annotated, Any

import botocore.session
import typer
from botocore.exceptions import BotoCoreError, ClientError

from localcloud import project
from localcloud.cloud import without_aws
from localcloud.commands.options import Home, running_cloud
from localcloud.console import talk
from localcloud.errors import CliError

_CHANGES = ("bootstrap", "deploy", "destroy", "import", "rollback", "watch", "gc", "refactor")


def cdk(
    context: typer.Context,
    aws: Annotated[
        bool, typer.Option("--aws", help="Work on AWS itself, not on the embedded cloud.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before changing AWS.")] = False,
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
    redirected = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]
    kept = {name: os.environ[name] for name in ("AWS_PROFILE",) if name in os.environ}
    environ = without_aws(os.environ) | kept
    session = botocore.session.Session(profile=os.environ.get("AWS_PROFILE"))
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    region = session.get_config_variable("region") or "us-east-1"
    for name in redirected:
        talk.print(f"[yellow]ignoring {name}={os.environ[name]}[/]: --aws means AWS itself")
    try:
        sts: Any = session.create_client("sts", region_name=region)
        account = sts.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CliError(
            f"AWS does not accept these credentials ({error}); "
            "set AWS_PROFILE, or log in with `aws sso login`"
        ) from error
    talk.print(f"AWS account [bold]{account}[/], region [bold]{region}[/], {sts.meta.endpoint_url}")
    if arguments[0] in _CHANGES and not yes:
        typer.confirm(f"{arguments[0]} there?", abort=True, err=True)
    return environ | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_REGION": region}
