"""`tap save`: keep what the embedded cloud holds."""

from typing import Annotated

import typer

from cli import project
from cli.commands import up
from cli.console import show_rows, step
from cli.errors import CliError
from cli.options import Home, Instead, require_name

_NAME = typer.Argument(help="What you call it.", show_default=False)
_LIST = typer.Option("--list", help="List what was saved.")


def save(
    name: Annotated[str, _NAME] = "",
    list_: Annotated[bool, _LIST] = False,
    yes: Instead = False,
    home: Home = None,
) -> None:
    """Save all that the embedded cloud holds in a file, to load it again.

    The cloud is stopped for it, and runs again. The file, in .tap-saved, is without this machine's
    keys, passwords and ports: others may load it. It has all that the stacks keep, their secrets
    too.

    tap save before-the-change
    """
    from localcloud import saved
    from localcloud.cloud import Cloud

    folder = project.home(home)
    if list_:
        show_rows(list(saved.listed(folder)), as_json=False)
        return
    require_name(name)
    if Cloud.load(folder) is None:
        raise CliError(f"there is no embedded cloud in {folder}; `tap up` makes one")
    file = saved.path(folder, name)
    if file.exists() and not yes:
        typer.confirm(f"save in place of {file}?", abort=True, err=True)
    with step("Saving", f"Saved in {file}"), saved.stopped(folder):
        saved.save(up.of(folder), file)
