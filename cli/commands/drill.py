"""`tap drill`: break a part of an embedded cloud under load, and count what is lost."""

import re
from typing import Annotated

import typer

from cli import project
from cli.console import show
from cli.errors import CliError

_DRILL = re.compile(r'mark\.drill\(\s*name="([a-z-]+)",\s*breaks="([^"]+)"')


def drill(
    name: Annotated[
        str, typer.Argument(help="Which one; all are listed without.", show_default=False)
    ] = "",
) -> None:
    """Break a part of an embedded cloud of its own under load, and count what is lost.

    Each drill deploys, breaks, heals, and counts what was sent, answered, kept, lost and doubled.
    Without a name, the drills are listed.
    The embedded cloud that you use is left alone.
    """
    known = drills()
    if not name:
        show(("Drill", "What it breaks"), known.items())
        return
    if name not in known:
        raise CliError(f"no drill is called {name!r}; `tap drill` lists them")
    options = ["-q", "--capture=no", "-m", f'drill(name="{name}")', "tests/drills"]
    raise typer.Exit(project.run_of_tests("pytest", *options))


def drills() -> dict[str, str]:
    """Read the drills and what each breaks from their marks in tests/drills."""
    files = sorted((project.ROOT / "tests/drills").glob("test_*.py"))
    return dict(found for path in files for found in _DRILL.findall(path.read_text("utf-8")))
