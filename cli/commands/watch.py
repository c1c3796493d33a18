"""`tap watch`: a saved handler is served at once, without a deployment."""

import base64
import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli import project, stacks, targets
from cli.console import done, failed, talk
from cli.options import Home
from cli.targets import Target

_LOOK_MILLISECONDS = 1000  # how often the cloud is looked for while nothing is saved
_SERVICES = project.ROOT / "services"


def watch(home: Home = None) -> None:
    """Follow services/ and put each saved change into the deployed functions.

    Ctrl-C ends it, and so does `tap down`.

    Infrastructure changes need `tap up`, which also deploys what was only put here.
    """
    from watchfiles import watch as changes

    from localcloud import process

    target = targets.embedded(cloud := targets.running_cloud(home))
    functions = stacks.functions(target.clients, target.stacks)
    talk.print(f"Watching services/ for {', '.join(sorted(functions))}; Ctrl-C ends it")
    for batch in changes(
        _SERVICES,
        debounce=50,
        step=20,
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if process.running(cloud.home) is None:
            talk.print("The embedded cloud was stopped: `tap up`, then watch again")
            return
        saved = {Path(path).relative_to(_SERVICES).parts[0] for _, path in batch}
        if services := sorted(functions if "shared" in saved else saved & set(functions)):
            _put(target, functions, services)


def _put(target: Target, functions: dict[str, str], services: list[str]) -> None:
    """Build the packages of some services, and put those that differ from what runs."""
    began, client = time.monotonic(), target.clients("lambda")
    # The package builder belongs to the infrastructure, which this package must not import: a
    # process of its own also sees the builder as it now is.
    built = subprocess.run(
        [sys.executable, "-m", "lib.packaging.package", *services],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in built.stderr.splitlines():
        failed(line)

    def put(line: str) -> None:
        service, _, path = line.partition(" ")
        code, function = Path(path).read_bytes(), {"FunctionName": functions[service]}
        digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
        if client.get_function_configuration(**function)["CodeSha256"] != digest:
            client.update_function_code(**function, ZipFile=code)
            done(f"{service} is live", f"({time.monotonic() - began:.2f} s)")

    with ThreadPoolExecutor() as pool:
        list(pool.map(put, built.stdout.splitlines()))
