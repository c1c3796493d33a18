"""The `tap` command."""

import sys

import typer

from localcloud.commands.audit import audit
from localcloud.commands.call import call
from localcloud.commands.cdk import cdk
from localcloud.commands.down import down
from localcloud.commands.endpoints import endpoints
from localcloud.commands.key import key
from localcloud.commands.logs import logs
from localcloud.commands.migrate import migrate
from localcloud.commands.publish import publish
from localcloud.commands.redrive import redrive
from localcloud.commands.status import status
from localcloud.commands.token import token
from localcloud.commands.up import up
from localcloud.commands.upload import upload
from localcloud.commands.watch import watch
from localcloud.console import talk
from localcloud.errors import CliError

app = typer.Typer(
    name="tap",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run the whole platform on this machine: the same CloudFormation that goes to AWS.",
    epilog="Start with `tap up`. Every command has its own --help.",
)
for command in (
    up,
    down,
    status,
    endpoints,
    token,
    key,
    call,
    upload,
    logs,
    audit,
    redrive,
    migrate,
    publish,
    watch,
):
    app.command()(command)
# What follows `tap cdk` belongs to the CDK CLI, its options included.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(cdk)


def main() -> None:
    """Run a command; one that cannot do its work ends with one line and exit code 1."""
    try:
        app()
    except CliError as error:
        talk.print(f"[bold red]error:[/] {error}", soft_wrap=True)
        sys.exit(1)
