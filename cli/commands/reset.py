"""`tap reset`: go back to a cloud that was just deployed."""

import typer

from cli import project, targets
from cli.commands import up
from cli.commands.endpoints import show_addresses
from cli.options import Home, Instead


def reset(yes: Instead = False, home: Home = None) -> None:
    """Throw away what the embedded cloud holds, and deploy it afresh.

    The shop has its first products again. Ports, certificates and the root key stay as they are,
    and so does what was saved.
    """
    from localcloud import orphans, process, saved

    folder = project.home(home)
    if folder.exists() and not yes:
        typer.confirm(f"throw away what is in {folder}?", abort=True, err=True)
    with process.alone(folder):
        orphans.end(folder)
        process.stop(folder)
        saved.forget(folder)
        cloud = up.start(folder, {})
        up.deploy(cloud)
    show_addresses(targets.embedded(cloud))
