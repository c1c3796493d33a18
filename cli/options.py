"""Options that several commands share."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CliError

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="The embedded cloud's folder; TAP_HOME or .tap by default.",
        show_default=False,
    ),
]
Aws = Annotated[bool, typer.Option("--aws", help="Work on AWS itself, not on the embedded cloud.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing AWS.")]
Instead = Annotated[bool, typer.Option("--yes", help="Do not ask before what is there goes.")]
Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        "-c",
        metavar="NAME=VALUE",
        help="With --aws: a setting that was given to the deployment, such as environmentSuffix.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a script to read.")]
Since = Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h or 1d.")]
Action = Annotated[str, typer.Argument(help="What to do: see below.")]
Name = Annotated[str, typer.Argument(help="What you call it.", show_default=False)]
OWN = "(the stack's own)"  # the name of what CloudFormation made
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read(file: Path) -> bytes:
    """Read a file that the user names; raises `CliError` for one that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}; name a readable file") from error


def seconds(since: str) -> int:
    """Read a span such as `30s`, `10m`, `2h` or `1d`, in seconds; raises `CliError` for another."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", since)
    if not found:
        raise CliError(f"a span is a number and s, m, h or d, such as 10m; got {since!r}")
    return int(found[1]) * _UNITS[found[2]]


def one_of(what: str, known: Collection[str], given: str) -> None:
    """Raise `CliError` for an action, say, that there is not."""
    if given not in known:
        raise CliError(f"no {what} {given!r}; choose from {', '.join(known)}")


def require_name(given: str) -> None:
    """Raise `CliError` for what is no name of a key or client."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", given):
        raise CliError(f"a name is of a to z, 0 to 9 and -, at most 40; got {given!r}")
