"""The checkout that this command belongs to: its app, as an embedded cloud is told of it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cli.errors import CliError
from localcloud import cdk
from localcloud.app import App, Route

ROOT = Path(__file__).resolve().parent.parent
# What the names of the app's stacks begin with; the environment suffix follows.
ITEMS, PARTNER, STORE = "TapStack", "PartnerApiStack", "EcommerceStack"
# The APIs as `tap call` names them: the stack of each, and its output that is the API's address.
ADDRESSES = {
    "tap": (ITEMS, "ApiEndpoint"),
    "partner": (PARTNER, "ApiGatewayUrl"),
    "store": (STORE, "StoreUrl"),
}
APP = App(
    name="tap",
    folder=ROOT,
    emulator=ROOT / ".build/emulator",
    console=ROOT / "web/console",
    installer="make up",
    routes=(
        Route(path="tap", stack=ITEMS, output="HttpApiId", stage="$default"),
        Route(path="partner", stack=PARTNER, output="RestApiId", stage="prod"),
        Route(path="", stack=STORE, output="StoreUrl"),
    ),
)

# What decides the synthesized templates and packages, besides the variables below.
SOURCES = ("tap.py", "cdk.json", "cdk.context.json", "lib", "services", "web/store", "requirements")
_USER_CONTEXT = "~/.cdk.json"  # the CDK CLI reads settings of the user's own there too
_VARIABLES = ("ENVIRONMENT_SUFFIX", "REPOSITORY", "COMMIT_AUTHOR", "CDK_CONTEXT", "SYSTEMS")


def home(given: Path | None) -> Path:
    """Take the embedded cloud's folder: as given, else `TAP_HOME`, else `.tap` of the checkout."""
    return (given or Path(os.environ.get("TAP_HOME") or ROOT / ".tap")).absolute()


def tool(name: str) -> Any:
    """Import a module of the checkout's own tools, which are no part of this package."""
    sys.path.append(str(ROOT))
    return import_module(f"tools.{name}")


def fingerprint(sources: Sequence[str] = SOURCES, *, code: bool = True) -> str:
    """Hash everything that decides what would be deployed, or what `sources` decide of it.

    Without `code`, the Python of `services/` is left out, which decides packages alone.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in _VARIABLES:
        digest.update(f"{name}={os.environ.get(name)}\n".encode())
    for top in (*(ROOT / source for source in sources), Path(_USER_CONTEXT).expanduser()):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            is_code = top.name == "services" and path.suffix == ".py"
            if path.is_file() and "__pycache__" not in path.parts and (code or not is_code):
                digest.update(f"{path.relative_to(top.parent)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def stack_names(environ: dict[str, str], context: Sequence[str] = ()) -> list[str]:
    """Ask for the names of the stacks that the app defines, by the app's own word.

    The app alone resolves the suffix and the settings: from `-c` (`context`, as `name=value`),
    `cdk.json`, `~/.cdk.json` and the environment, in the CDK CLI's order. So nothing here can
    resolve them otherwise. Raises `CliError` with the app's own message when it fails.
    """
    given = [f"--context={setting}" for setting in context]
    ended = subprocess.run(
        cdk.command(APP, ["list", *given]),
        cwd=ROOT,
        env=cdk.environment(environ | {"CDK_VALIDATION": "false"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CliError(f"the app's stacks cannot be listed: {cdk.reason(APP, ended.stderr)}")
    return ended.stdout.split()


def run_of_tests(module: str, *arguments: str) -> int:
    """Run a module with the tests' packages, its output shown; returns its exit code.

    Raises `CliError` when they are not installed, or it is interrupted.
    """
    if find_spec("pytest") is None:
        lacking = "the tests' packages are not installed"
        raise CliError(f"{lacking}; `make dev` installs them, then repeat")
    try:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        raise CliError("interrupted; run the same line again") from None
