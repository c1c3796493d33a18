"""Processes that a killed start or deployment left behind."""

import contextlib
from pathlib import Path

import psutil

from localcloud import postgres, process
from localcloud.cloud import Cloud

_MARK = "LOCALCLOUD_STARTED_THIS_FOR"
_STOP_SECONDS = 10.0


def marked(cloud: Cloud) -> dict[str, str]:
    """The environment of what a deployment runs, by which `end` knows it."""
    return cloud.environment() | {_MARK: str(cloud.home)}


def end(home: Path) -> None:
    """End what an earlier start or deployment was running when it was killed."""
    # Each is found by what it carries itself, a mark in its environment or the folder on its
    # command line: a note of it might not have been written. The caller holds the folder (`alone`),
    # so none belongs to a command that is still at work.
    found = []
    known = {own.pid for own in (process.running(home), postgres.server(home)) if own}
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.pid not in known and _was_started_for(home, each):
                each.kill()
                found.append(each)
    psutil.wait_procs(found, timeout=_STOP_SECONDS)


def _was_started_for(home: Path, found: psutil.Process) -> bool:
    command = found.cmdline()
    if command[-2:] == ["localcloud.server", str(home)]:
        return True
    if command and Path(command[0]).name in ("postgres", "initdb"):
        data = str(home / "postgres")
        return bool({data, f"--pgdata={data}.new"} & set(command))
    return found.environ().get(_MARK) == str(home)
