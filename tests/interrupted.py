"""A `tap up` that is killed at a moment, and the look at what the next one made of it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import urllib3

from tests.deployment import SUFFIX, command, environment, free_ports, tap

_ROOT = Path(__file__).parent.parent


class Up:
    """A `tap up` that runs in a process group of its own.

    Attributes:
        home: The embedded cloud's folder.
        began: When it was started, in seconds since the epoch.
    """

    def __init__(self, home: Path, **environ: str) -> None:
        self.home, self.began = home, time.time()
        self._lengths = {log: len(_read(home / log)) for log in LOGS}
        self._said = home.parent / "said"
        with self._said.open("w") as said:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with  # killed
                command(home, "up", *free_ports(home)),
                cwd=_ROOT,
                env=environment("up") | environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )

    def said(self) -> str:
        """What it said so far."""
        return _read(self._said)

    def logged(self, log: str) -> str:
        """What this file in the folder has gained since."""
        return _read(self.home / log)[self._lengths[log] :]

    def kill(self, *, at: "Moment", wholly: bool) -> None:
        """Kill it at a moment: alone, or with every process that it runs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not at(self):
            assert self._process.poll() is None, f"it ended before: {self.said()}"
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.01)
        if wholly:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        assert self._process.wait(10) == -signal.SIGKILL


Moment = Callable[[Up], bool]
PATIENCE_SECONDS = 120.0
LOGS = ("cdk.log", "cdk-bootstrap.log", "postgres.log")


def start(up: Up) -> bool:
    """The emulator is being started."""
    return (up.home / "process.json").exists()


def synthesis(up: Up) -> bool:
    """The app is being synthesized."""
    return "$ cdk synth" in up.logged("cdk.log")


def bootstrap(up: Up) -> bool:
    """The bootstrap stack is being made, or its change set."""
    return "CDKToolkit" in up.logged("cdk-bootstrap.log")


def start_of_the_database(up: Up) -> bool:
    """PostgreSQL is being started."""
    return bool(up.logged("postgres.log"))


def deployment(up: Up) -> bool:
    """The assets are being uploaded, or the first change set made."""
    return "$ cdk deploy" in up.logged("cdk.log")


def deployment_of_a_stack(up: Up) -> bool:
    """The second stack is being deployed."""
    return "[2/3]" in up.logged("cdk.log")


def settings(up: Up) -> bool:
    """The settings that the emulator drops are being read back."""
    return "Deployed" in up.said()


def migration(up: Up) -> bool:
    """The migrations have connected to the database."""
    return settings(up) and "connection received" in up.logged("postgres.log")


def publish(up: Up) -> bool:
    """A file of the store's page has been put."""
    files = (up.home / "objects").glob("*/*store-assets*/*")
    whole = (file for file in files if file.suffix != ".tmp")  # its name while it is written
    return any(file.stat().st_mtime > up.began for file in whole)


def is_made_good(home: Path, **environ: str) -> None:
    """One more `tap up` succeeds, everything is there, and every API answers."""
    up = tap(home, "up", check=False, environ=environ)
    status = tap(home, "status", check=False)

    assert up.returncode == 0, up.stderr
    assert status.returncode == 0, status.stdout
    found = json.loads(tap(home, "endpoints", "--json").stdout)
    kinds = ("TapStack", "PartnerApiStack", "EcommerceStack")
    assert set(found["stacks"]) == {f"{kind}{SUFFIX}" for kind in kinds}
    door = found["apis"]["tap"].removesuffix("/tap")
    expected = {"/tap/health": 200, "/partner/items": 403, "/": 200, "/api/products": 200}
    with urllib3.PoolManager(retries=False) as pool:
        answers = {path: pool.request("GET", door + path).status for path in expected}
    assert answers == expected
    assert not [p.pid for p in psutil.process_iter() if _runs_the_cdk(p, home)]


def _runs_the_cdk(process: psutil.Process, home: Path) -> bool:
    try:
        return str(home / "cdk.out") in process.cmdline()
    except psutil.Error:
        return False


def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""
