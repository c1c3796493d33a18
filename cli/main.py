"""The `tap` command: its commands by name, each imported when it is chosen."""

import gc
import sys
from functools import partial
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from localcloud.errors import CloudError

# `tap NAME` runs the function NAME of cli/commands/NAME.py. Its line here is the first of its
# docstring (a test compares), so that the list of commands is shown without importing any of them.
COMMANDS = {
    "up": "Start the embedded cloud, or resume it, and deploy what the sources say.",
    "down": "Stop the embedded cloud and every function it runs; `tap up` resumes it.",
    "save": "Save all that the embedded cloud holds in a file, to load it again.",
    "load": "Put a saved state in the place of what the embedded cloud holds.",
    "reset": "Throw away what the embedded cloud holds, and deploy it afresh.",
    "status": "Show what is deployed, and whether it is enforced, recorded or skipped here.",
    "endpoints": "List the addresses of what is deployed, and the stacks' outputs.",
    "token": "Print an access token of TapStack's machine client, for an `Authorization` header.",
    "alarms": "Show each alarm's state and why, and whether what it watches has data.",
    "inbox": "List the e-mail that alarms and topics have sent, or print one message.",
    "key": "Print the value of the partner API's key, for an `x-api-key` header.",
    "client": "List, create and revoke the machine clients that get tokens for the items API.",
    "call": "Call a deployed API with its credentials, as curl would.",
    "upload": "Upload a file with a presigned POST, and print how to download it.",
    "logs": "Print what was logged, oldest first: one line an event, JSON fields unfolded.",
    "audit": "Show the records of the partner API's audit trail, oldest first.",
    "redrive": "Move every dead letter of the audit trail back to its queue.",
    "migrate": "Apply the migrations that the store's database lacks; safe to repeat.",
    "publish": "Sync web/store/ to the assets bucket and invalidate the CDN; safe to repeat.",
    "prove": "Prove the least privilege of every function's role, on an embedded cloud of its own.",
    "cost": "Price the stacks: dollars a month by service, idle and as they grow.",
    "watch": "Follow services/ and put each saved change into the deployed functions.",
    "doctor": "Check account, addresses, alarms, policies, secrets, backups, queues and drift.",
    "drill": "Break a part of an embedded cloud of its own under load, and count what is lost.",
    "restore": "Prove that what is kept can be restored: into copies, compared and removed.",
    "cdk": "Run the CDK CLI against the embedded cloud, or with --aws against AWS.",
}


def _params(command: Any, context: Any) -> list[Any]:
    params: list[Any] = TyperCommand.get_params(command, context)  # which is a group's, too
    for param in params:
        param.process_value = partial(_processed, param)
    return params


def _processed(param: Any, context: Any, value: Any) -> Any:
    """Take what is not given or is a text as it is: Typer would import pydantic to do so."""
    wanted = param.type_descriptor.annotation
    if wanted is bool:
        value = value or False
    elif (value is None and not param.required) or (wanted is str and isinstance(value, str)):
        return value
    return type(param).process_value(param, context, value)


_Group: Any = type("_Group", (TyperGroup,), {"get_params": _params})
_Command: Any = type("_Command", (TyperCommand,), {"get_params": _params})

app = typer.Typer(
    name="tap",
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich alone would take longer to import than everything else
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run the whole platform on this machine: the same CloudFormation that goes to AWS.",
    epilog="Start with `tap up`. Every command has its own --help.",
)


def load(name: str) -> Any:
    """Import the command of this name, as Typer runs it."""
    module = import_module(f"cli.commands.{name}")
    settings = getattr(module, "CONTEXT_SETTINGS", None)
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name, cls=_Command, context_settings=settings)(getattr(module, name))
    return typer.main.get_command(alone)


class _Lazy(TyperCommand):
    """A command that is known by its name and line of help until it is chosen."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        return load(str(self.name)).make_context(info_name, args, parent, **extra)


def _lazy() -> None:
    """Stand in for a command that has not been chosen."""


for _name, _line in COMMANDS.items():
    app.command(_name, cls=_Lazy, short_help=_line)(_lazy)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tap {version('tap')}")
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
    gc.set_threshold(100_000)  # What is imported stays: to look for garbage in it takes long.
    try:
        app(prog_name="tap")
    except CloudError as error:
        _fail(str(error))
    except Exception as error:
        from cli.failures import reason

        why = reason(error)
        if why is None:
            raise
        _fail(why)


def _fail(why: str) -> NoReturn:
    from cli.console import styled, talk

    talk.print(styled(("error: ", "bold red"), why))
    sys.exit(1)
