"""`tap load`: go back to what was saved."""

from pathlib import Path

import typer

from cli import project
from cli.commands import up
from cli.console import step, talk
from cli.options import Home, Instead, Name


def load(name: Name, yes: Instead = False, home: Home = None) -> None:
    """Put a saved state in the place of what the embedded cloud holds.

    NAME is what `tap save` was given, or the path of a file that it made. Load only what you
    trust: its functions run on this machine.

    tap load before-the-change
    """
    from localcloud import process, saved

    folder = project.home(home)
    file = Path(name) if name.endswith(".tar.gz") else saved.path(folder, name)
    cloud = up.of(folder)
    saved.require_fit(cloud, file)
    if folder.exists() and not yes:
        typer.confirm(f"throw away what is in {folder}?", abort=True, err=True)
    with step("Loading", f"{file} is loaded"), saved.stopped(folder):
        saved.load(cloud, file)
    if process.running(folder) is None:
        talk.print("`tap up` starts it")
