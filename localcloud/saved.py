"""Saved states of an embedded cloud: one file each, to load again, here or on another machine.

A file is the folder of the stopped cloud without what belongs to this machine: its keys, passwords,
ports and processes. It stays what its stacks keep, their secrets and keys included.
"""

import gzip
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from localcloud import orphans, postgres, process, state
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_SUFFIX, _ABOUT = ".tar.gz", "about.json"
# Of this machine alone; and the settings that PostgreSQL is given anew at each start.
_IDENTITY = ("cloud.json", "lock", "process.json", "tls")
_UNSAVED = (*_IDENTITY, "restored", "run", "tmp")
_OF_A_START = ("postmaster.pid", "postgresql.auto.conf")
_NO_FILE = (FileNotFoundError, gzip.BadGzipFile, tarfile.TarError, EOFError, KeyError, ValueError)
_NOT_WHOLE = (*_NO_FILE, zlib.error, CloudError)


def path(home: Path, name: str) -> Path:
    """Where the state of this name is, beside the cloud's folder."""
    return home.with_name(f"{home.name}-saved") / f"{name}{_SUFFIX}"


def listed(home: Path) -> Iterator[dict[str, Any]]:
    """Tell of each saved state."""
    for file in sorted(path(home, "").parent.glob(f"*{_SUFFIX}")):
        size = f"{file.stat().st_size / 1e6:.1f} MB"
        yield {"name": file.name.removesuffix(_SUFFIX), "size": size, **_about(file)}


@contextmanager
def stopped(home: Path) -> Iterator[None]:
    """Hold a cloud's folder and stop the cloud; at the end it runs again if it ran before."""
    with process.alone(home):
        orphans.end(home)
        ran = process.running(home) is not None
        process.stop(home)
        try:
            yield
        finally:
            cloud = Cloud.load(home) if ran else None
            if cloud:
                process.start(cloud)


def save(cloud: Cloud, file: Path) -> None:
    """Save a stopped cloud's state, whole or not at all."""
    file.parent.mkdir(exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(".unfinished")
    about = {"saved": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "made_by": _version(cloud)}
    text = json.dumps(about | {"database_port": cloud.database_port}).encode()
    told = tarfile.TarInfo(_ABOUT)
    told.size = len(text)
    try:
        unfinished.touch(mode=0o600)
        with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
            archive.addfile(told, io.BytesIO(text))
            for each in sorted(cloud.home.iterdir()):
                if each.name not in _UNSAVED and each.suffix != ".log":
                    archive.add(each, each.name, filter=_nobodys)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out who owns it here, and what a start makes."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return None if Path(member.name).name in _OF_A_START else member


def require_fit(cloud: Cloud, file: Path) -> None:
    """Raise `CloudError` for a file that is none, or was made by another version."""
    made_by = _about(file)["made_by"]
    if made_by != _version(cloud):
        raise CloudError(f"{file} was made by {made_by}, this is {_version(cloud)}; save it anew")


def load(cloud: Cloud, file: Path) -> None:
    """Put a saved state in the place of a stopped cloud's; nothing is touched if that fails."""
    require_fit(cloud, file)
    home, new, old = (
        cloud.home.with_name(f"{cloud.home.name}{end}") for end in ("", ".new", ".old")
    )
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        with process.alone(new):
            with _opened(file) as archive:
                archive.extractall(new, filter="data")
                state.require_whole(new / "state")
            (new / _ABOUT).unlink()
            if (home / "tls").exists():
                shutil.copytree(home / "tls", new / "tls")
            loaded = replace(cloud, home=new, database_port=_about(file)["database_port"])
            loaded.save()
            if postgres.is_made(new):
                postgres.adopt(loaded)
            home.rename(old)
            new.rename(home)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def forget(home: Path) -> None:
    """Remove all that a stopped cloud holds, but for its ports, keys and certificates."""
    for each in home.iterdir():
        if each.name not in _IDENTITY:
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _about(file: Path) -> dict[str, Any]:
    with _opened(file) as archive:
        found = archive.extractfile(_ABOUT)
        return dict(json.loads(found.read())) if found else {}


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file) as archive:
            yield archive
    except _NOT_WHOLE as error:
        why = f"{file} is no saved state, or not a whole one ({error})"
        raise CloudError(f"{why}; name another one") from error


def _version(cloud: Cloud) -> str:
    emulator = sorted((cloud.app.emulator or Path()).glob("ministack-*.dist-info"))
    return " with ".join([f"tap {version('tap')}", *(each.stem for each in emulator)])
