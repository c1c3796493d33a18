"""`tap up`: start the embedded cloud and deploy every stack to it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from localcloud import deployment, process, project
from localcloud.cloud import Cloud
from localcloud.commands.endpoints import addresses, table
from localcloud.commands.options import Home
from localcloud.console import data, step, talk
from localcloud.errors import CliError

_PORT = 4566
_FRONT_PORT = 8080
_TRY = """
Try it:
  curl {front_door}/tap/health
  {tap} call tap POST /api --data '{{"operation": "create", "item": {{"name": "first"}}}}'
  {tap} upload README.md
"""


def up(
    home: Home = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="TAP_PORT",
            help=f"Port of the AWS API; the last one used, or {_PORT}. 0: a free one.",
            show_default=False,
            min=0,
            max=65535,
        ),
    ] = None,
    front_port: Annotated[
        int | None,
        typer.Option(
            envvar="TAP_FRONT_PORT",
            help=f"Port of the front door; the last one used, or {_FRONT_PORT}. 0: a free one.",
            show_default=False,
            min=0,
            max=65535,
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(help="Deploy this stack alone; every stack by default.", show_default=False),
    ] = None,
) -> None:
    """Start the embedded cloud, or resume it, and deploy what the sources say.

    It is safe to repeat: what already runs is left running, what is already deployed is not
    deployed again. Everything it keeps is in one folder.
    """
    folder = project.home(home)
    try:
        with process.alone(folder):
            cloud = _start(folder, port, front_port)
            if not deployment.deploy(cloud, only=stack):
                talk.print("[green]✓[/] Everything is deployed already")
    except KeyboardInterrupt:
        raise CliError("interrupted; run `tap up` again to go on, or `tap down` to stop") from None
    data.print(table(addresses(cloud)))
    shown = Path(".venv/bin/tap") if Path(".venv/bin/tap").exists() else Path("tap")
    data.print(_TRY.format(front_door=cloud.front_door, tap=shown).strip(), markup=False)


def _start(folder: Path, port: int | None, front_port: int | None) -> Cloud:
    known = Cloud.load(folder) or Cloud(home=folder, port=_PORT, front_port=_FRONT_PORT)
    if process.running(folder):
        if (port or known.port, front_port or known.front_port) != (known.port, known.front_port):
            raise CliError(
                f"the embedded cloud already runs on ports {known.port} and {known.front_port}; "
                "`tap down` first to move it"
            )
        talk.print(f"[green]✓[/] The embedded cloud is running already at {known.endpoint}")
        return known
    cloud = replace(
        known,
        port=_chosen(port, known.port),
        front_port=_chosen(front_port, known.front_port),
    )
    with step("Starting the embedded cloud", f"The embedded cloud runs at {cloud.endpoint}"):
        cloud.save()
        process.start(cloud)
    return cloud


def _chosen(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given or process.free_port()
