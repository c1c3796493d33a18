"""`tap load`: go back to what was saved."""

from cli import project
from cli.options import Home, Instead, Name


def load(name: Name, yes: Instead = False, home: Home = None) -> None:
    """Put a saved state in the place of what the embedded cloud holds.

    NAME is what `tap save` was given, or the path of a file that it made. Load only what you trust:
    its functions run on this machine.
    """
    project.tool("saved").take(project.home(home), name, yes=yes)
