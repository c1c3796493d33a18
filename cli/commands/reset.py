"""`tap reset`: go back to a cloud that was just deployed."""

from cli import project
from cli.commands import up
from cli.options import Home, Instead


def reset(yes: Instead = False, home: Home = None) -> None:
    """Throw away what the embedded cloud holds, and deploy it afresh.

    The shop has its first products again. Ports, certificates and the root key stay as they are,
    and so does what was saved.
    """
    project.tool("saved").forget(project.home(home), yes=yes)
    up.up(home)
