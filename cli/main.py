"""The `tap` command."""

import errno
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError
from rich.text import Text

from cli.commands.alarms import alarms
from cli.commands.audit import audit
from cli.commands.call import call
from cli.commands.cdk import cdk
from cli.commands.down import down
from cli.commands.endpoints import endpoints
from cli.commands.inbox import inbox
from cli.commands.key import key
from cli.commands.logs import logs
from cli.commands.migrate import migrate
from cli.commands.publish import publish
from cli.commands.redrive import redrive
from cli.commands.status import status
from cli.commands.token import token
from cli.commands.up import up
from cli.commands.upload import upload
from cli.commands.watch import watch
from cli.console import data, talk
from localcloud.errors import CloudError

# Faults of the machine, not of this program, and what mends them.
_SPACE, _LEAVE = "free some space, then repeat", "name a folder that you may write to (TAP_HOME)"
_OF_THE_MACHINE = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EACCES: _LEAVE,
    errno.EPERM: _LEAVE,
    errno.EROFS: _LEAVE,
    errno.ENOTDIR: _LEAVE,
    errno.ENAMETOOLONG: _LEAVE,
}

app = typer.Typer(
    name="tap",
    no_args_is_help=True,
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
    alarms,
    inbox,
    audit,
    redrive,
    migrate,
    publish,
    watch,
):
    app.command()(command)
# What follows `tap cdk` belongs to the CDK CLI, its options included.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(cdk)


def _print_version(wanted: bool) -> None:
    if wanted:
        data.print(f"tap {version('tap')}")
        raise typer.Exit


@app.callback()
def tap(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Options of `tap` itself."""


def main() -> None:
    """Run a command; one that cannot do its work ends with one line and exit code 1."""
    try:
        app(prog_name="tap")
    except CloudError as error:
        _fail(str(error))
    except (NoConnection, HTTPClientError) as error:
        _fail(f"{error}; is the embedded cloud running (`tap up`), or with --aws the network?")
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror}; {_OF_THE_MACHINE[error.errno]}")


def _fail(why: str) -> None:
    talk.print(Text.assemble(("error: ", "bold red"), why))
    sys.exit(1)
