"""`tap load`: go back to what was saved."""

import sys

from cli import project
from cli.options import Home, Instead, Name


def load(name: Name, yes: Instead = False, home: Home = None) -> None:
    """Put a saved state in the place of what the embedded cloud holds.

    NAME is what `tap save` was given, or the path of a file that it made. Load only what you trust:
    its functions run on this machine.
    """
    sys.path.append(str(project.ROOT))  # the checkout's own tools are no part of this package
    from tools import saved

    saved.take(project.home(home), name, yes=yes)
