"""An embedded cloud that is deployed once in a run; each process of the tests has a copy of it.

A deployment takes most of a minute of processor time, a copy two seconds.
"""

import fcntl
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from localcloud import ports

# The variable that tells pytest-xdist's processes the folder that they share.
SHARED = "SUITE_SHARED_FOLDER"
_PORTS = ("port", "front_port", "database_port")


def once(deploy: Callable[[Path], None]) -> Path:
    """The folder of a stopped cloud that `deploy` was called with: by the first that asks."""
    shared = Path(os.environ[SHARED])
    home, done = shared / "cloud", shared / "deployed"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)  # of one that failed
            deploy(home)
            done.touch()
    return home


def copy(cloud: Path, home: Path) -> None:
    """Copy a stopped cloud to `home`, on free ports: whatever it keeps then names these."""
    shutil.copytree(cloud, home)
    described = json.loads((home / "cloud.json").read_text("utf-8"))
    moved = {str(described[name]): str(ports.free_port()) for name in _PORTS}
    before = re.compile(rf"(?<![\w.])({'|'.join(moved)})(?![\w.])")

    def on_its_ports(text: str) -> str:
        return before.sub(lambda found: moved[found[0]], text)

    for name in ("cloud.json", "state/settings.json"):
        file = home / name
        file.write_text(on_its_ports(file.read_text("utf-8")), "utf-8")
    with closing(sqlite3.connect(home / "state" / "state.sqlite", isolation_level=None)) as state:
        state.create_function("on_its_ports", 1, on_its_ports)
        state.execute("UPDATE entries SET value = on_its_ports(value)")
