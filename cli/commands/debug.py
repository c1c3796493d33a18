"""`tap debug`: breakpoints in a function of the embedded cloud."""

import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cli import project, stacks, targets
from cli.console import done, talk
from cli.errors import CliError
from cli.options import Home, one_of

_SERVICE = typer.Argument(help="Its folder in services/, such as items_api.", show_default=False)
_PORT = typer.Option(help="Where editors attach, on this machine alone.", min=1, max=65535)


def debug(
    service: Annotated[str, _SERVICE], port: Annotated[int, _PORT] = 5678, home: Home = None
) -> None:
    """Let an editor stop a function at breakpoints in services/, until Ctrl-C.

    The next request waits until one has attached, and no timeout ends it. VS Code has `TAP: attach`
    in its list of what to run; docs/debugging.md tells of other editors.
    """
    from localcloud import debugged, process

    target = targets.embedded(cloud := targets.running_cloud(home))
    functions = stacks.functions(target.clients, target.stacks)
    one_of("service", functions, service)
    debugger = find_spec("debugpy")
    if debugger is None or debugger.origin is None:
        raise CliError("debugpy is not installed; `make dev` installs it, then repeat")
    told = debugged.folder(cloud.home) / functions[service]
    told.parent.mkdir(exist_ok=True)
    packages = Path(debugger.origin).parents[1]
    told.write_text(f"{port}\n{packages}\n{project.ROOT}\n", "utf-8")
    try:
        process.end_function(cloud, functions[service])
        done(f"{service} waits for an editor at 127.0.0.1:{port}, once it is called")
        talk.print("Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            while process.running(cloud.home):
                time.sleep(1)
    finally:
        told.unlink()
        process.end_function(cloud, functions[service])
    done(f"{service} runs without a debugger again")
