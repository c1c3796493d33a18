"""`tap up`: start the embedded cloud and deploy every stack to it."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.request import getproxies, proxy_bypass

import typer

from cli import ephemeral, project, repackaged, store, targets
from cli.commands.endpoints import show_addresses
from cli.console import data, done, step, talk
from cli.errors import CliError
from cli.options import Home

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DEFAULTS: dict[str, Any] = {"port": 4566, "front_port": 8080, "database_port": 5433}
_TRY = """
Try it:
  curl {front_door}/tap/health
  {tap} call tap POST /api --data '{{"operation": "create", "item": {{"name": "first"}}}}'
  {tap} upload README.md
"""


def _port(name: str, of: str, *, envvar: str) -> Any:
    """Option for one of the cloud's ports, which is kept from then on."""
    told = f"Port of {of}; {_DEFAULTS[name]} at first. 0: a free one."
    return typer.Option(envvar=envvar, help=told, show_default=False, min=0, max=65535)


_PORT = _port("port", "the AWS API", envvar="TAP_PORT")
_FRONT_PORT = _port("front_port", "the front door", envvar="TAP_FRONT_PORT")
_DATABASE_PORT = _port("database_port", "PostgreSQL", envvar="TAP_DATABASE_PORT")
_STACK = typer.Option(help="Deploy this stack alone; every stack by default.", show_default=False)

_EPHEMERAL = typer.Option("--ephemeral", help="In a new folder, on free ports, until Ctrl-C.")
_COMMAND = typer.Argument(
    help="With --ephemeral: what to run on it; the cloud ends with it.", show_default=False
)


def up(
    home: Home = None,
    port: Annotated[int | None, _PORT] = None,
    front_port: Annotated[int | None, _FRONT_PORT] = None,
    database_port: Annotated[int | None, _DATABASE_PORT] = None,
    stack: Annotated[str | None, _STACK] = None,
    for_a_while: Annotated[bool, _EPHEMERAL] = False,
    command: Annotated[list[str] | None, _COMMAND] = None,
) -> None:
    """Start the embedded cloud, or resume it, and deploy what the sources say.

    It is safe to repeat: what already runs is left running, what is already deployed is not
    deployed again. Everything it keeps is in one folder.

    For tests, one that nothing is left of: `tap up --ephemeral -- make smoke`
    """
    given = {"port": port, "front_port": front_port, "database_port": database_port}
    if for_a_while:
        free: dict[str, int | None] = {name: number or 0 for name, number in given.items()}
        code = ephemeral.while_running(command or (), lambda folder: _open(folder, free, stack))
        raise typer.Exit(code)
    if command:
        raise CliError(f"`tap up` takes no command but with --ephemeral; got {command[0]!r}")
    try:
        cloud = _open(project.home(home), given, stack)
    except KeyboardInterrupt:
        raise CliError("interrupted; run `tap up` again to go on, or `tap down` to stop") from None
    show_addresses(targets.embedded(cloud))
    shown = Path(".venv/bin/tap") if Path(".venv/bin/tap").exists() else Path("tap")
    data.print(_TRY.format(front_door=cloud.front_door, tap=shown).strip())
    if getproxies() and not proxy_bypass("localhost"):
        talk.print("Your proxy would get these: `export NO_PROXY=localhost,127.0.0.1` first")


def _open(folder: Path, given: dict[str, int | None], stack: str | None) -> "Cloud":
    """Start the cloud of a folder and deploy to it, alone in the folder."""
    from localcloud import orphans, process

    with process.alone(folder):
        orphans.end(folder)
        cloud = start(folder, given)
        if not deploy(cloud, only=stack):
            done("Everything is deployed already")
    return cloud


def start(folder: Path, given: dict[str, int | None]) -> "Cloud":
    """Start the cloud of a folder, or wait until the one that runs there answers.

    `given` are its ports, where they were told; 0 takes a free one. Raises `CliError` if it runs
    with others, or could not be started.
    """
    from localcloud import certificates, ports, postgres, process
    from localcloud.cloud import Cloud

    known = Cloud.load(folder) or Cloud(home=folder, **_DEFAULTS)
    found = process.running(folder)
    if found and certificates.are_due(known.authority.parent):
        # What it serves with ends soon: it starts again with new ones.
        process.stop(folder)
        found = None
    if found:
        for name, port in given.items():
            if port and port != (runs_with := getattr(known, name)):
                why = f"the embedded cloud already runs with {name} {runs_with}"
                raise CliError(f"{why}; `tap down` first to move it")
        # It may have been started a moment ago by a `tap up` that was interrupted.
        process.wait_until_ready(known, found)
        done(f"The embedded cloud is running already at {known.endpoint}")
        return known
    chosen: Any = {
        name: port or ports.free_port() for name, port in given.items() if port is not None
    }
    cloud = replace(known, app=project.APP, **chosen)
    if postgres.is_made(folder) and cloud.database_port != known.database_port:
        why = f"the store was deployed with database_port {known.database_port}, and keeps it"
        raise CliError(f"{why}; start without another, or forget it all by deleting {folder}")
    with step("Starting the embedded cloud", f"The embedded cloud runs at {cloud.endpoint}"):
        cloud.save()
        try:
            process.start(cloud)
        except ports.PortsTaken as error:
            if postgres.is_made(folder) and "database_port" in error.free:
                raise CliError(f"{error.taken}; end it: a deployed store keeps its port") from error
            again = _again(cloud, error.free)
            raise CliError(f"{error.taken}; end it, or take others: `{again}`") from error
    return cloud


def _again(cloud: "Cloud", free: Mapping[str, int]) -> str:
    """The line to paste that starts this cloud on free ports."""
    elsewhere = cloud.home != project.ROOT / ".tap"
    given = [f"TAP_HOME={shlex.quote(str(cloud.home))}"] if elsewhere else []
    given += [f"TAP_{name.upper()}={port}" for name, port in free.items()]
    return f"{' '.join(given)} make up"


def deploy(cloud: "Cloud", *, only: str | None = None) -> bool:
    """Bring the deployed stacks, or `only` one, to what the sources say, and open the store.

    Returns whether anything was deployed. Raises `CliError` with the CDK CLI's reason.
    """
    from localcloud import deployment
    from localcloud.cloud import write_private

    wanted: dict[str, Any] = {"fingerprint": project.fingerprint(), "only": only}
    noted = cloud.home / "deployed.json"
    before = json.loads(noted.read_text("utf-8")) if noted.exists() else {}
    if before.items() >= wanted.items() and targets.embedded(cloud).stacks:
        return False
    noted.unlink(missing_ok=True)
    kept = repackaged.kept_assembly(wanted["fingerprint"])
    deployment.deploy(cloud, step=step, only=only, kept=kept)
    for stack in targets.embedded(cloud).stacks:
        if stack.name.startswith(project.STORE):
            wanted[stack.name] = store.keep_open(cloud.client, stack, before)
    write_private(noted, json.dumps(wanted))
    return True
