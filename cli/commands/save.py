"""`tap save`: keep what the embedded cloud holds."""

from typing import Annotated

import typer

from cli import project
from cli.options import Home, Instead

_NAME = typer.Argument(help="What you call it; what was saved is listed without.")


def save(name: Annotated[str, _NAME] = "", yes: Instead = False, home: Home = None) -> None:
    """Save all that the embedded cloud holds in a file, to load it again.

    The cloud is stopped for it, and runs again. The file, in .tap-saved, is without this machine's
    keys, passwords and ports, so that others may load it; it has all that the stacks keep, their
    secrets too. Without a name, what was saved is listed.
    """
    project.tool("saved").keep(project.home(home), name, yes=yes)
