"""The `tap` command: its commands by name, each imported when it is chosen."""

import gc
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from localcloud.errors import CloudError

# `tap NAME` runs the function NAME of cli/commands/NAME.py. They are listed in this order.
COMMANDS = (
    *("up", "down", "save", "load", "reset", "status", "endpoints", "console", "token", "alarms"),
    *("inbox", "key", "client", "call", "upload", "logs", "trace", "audit", "redrive", "migrate"),
    *("publish", "prove", "cost", "watch", "debug", "doctor", "drill", "restore", "cdk"),
)


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
    """A command that is known by its name until it is chosen."""

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002  # its name is click's
        """Read the first line of its docstring: to list the commands imports none of them."""
        source = Path(__file__).with_name("commands").joinpath(f"{self.name}.py").read_text("utf-8")
        return source.partition(f"\ndef {self.name}(")[2].split('"""', 2)[1].partition("\n")[0]

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        return load(str(self.name)).make_context(info_name, args, parent, **extra)


def _lazy() -> None:
    """Stand in for a command that has not been chosen."""


for _name in COMMANDS:
    app.command(_name, cls=_Lazy)(_lazy)


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
