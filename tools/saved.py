"""Saved states of an embedded cloud, as `tap save`, `tap load` and `tap reset` handle them.

A file is the folder of the stopped cloud without what belongs to this machine: its keys, passwords,
ports and processes. It stays what its stacks keep, their secrets and keys included.
"""

import gzip
import io
import json
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pg8000.native
import typer

from cli.console import done, show_rows, step, talk
from cli.errors import CliError
from cli.options import require_name
from localcloud import orphans, postgres, process, state
from localcloud import postgres_programs as programs
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_SUFFIX, _ABOUT = ".tar.gz", "about.json"
# Of this machine alone; and the settings that PostgreSQL is given anew at each start.
_IDENTITY = ("cloud.json", "lock", "process.json", "tls")
_UNSAVED = (*_IDENTITY, "restored", "run", "tmp")
_OF_A_START = ("postmaster.pid", "postgresql.auto.conf")
_NO_FILE = (FileNotFoundError, gzip.BadGzipFile, tarfile.TarError, EOFError, KeyError, ValueError)
_NOT_WHOLE = (*_NO_FILE, zlib.error, CloudError)


def keep(home: Path, name: str, *, yes: bool) -> None:
    """Save what a cloud holds under a name, or list what was saved without one."""
    if not name:
        show_rows(list(listed(home)), as_json=False)
        return
    require_name(name)
    cloud, file = _cloud(home), path(home, name)
    if file.exists():
        _confirm(f"save in place of {file}", yes=yes)
    with step("Saving", f"Saved in {file}"), stopped(home):
        save(cloud, file)


def take(home: Path, name: str, *, yes: bool) -> None:
    """Load what was saved under a name, or in a file, in the place of what a cloud holds."""
    cloud, file = _cloud(home), Path(name) if name.endswith(_SUFFIX) else path(home, name)
    require_fit(cloud, file)
    _confirm(f"throw away what is in {home}", yes=yes)
    with step("Loading", f"{file} is loaded"), stopped(home):
        load(cloud, file)
    if process.running(home) is None:
        talk.print("`tap up` starts it")


def forget(home: Path, *, yes: bool) -> None:
    """Stop a cloud and remove all that it holds, but for its ports, keys and certificates."""
    _cloud(home)
    _confirm(f"throw away what is in {home}", yes=yes)
    with process.alone(home):
        orphans.end(home)
        process.stop(home)
        for each in home.iterdir():
            if each.name not in _IDENTITY:
                remove: Any = shutil.rmtree if each.is_dir() else Path.unlink
                remove(each)
    done("What it held is gone")


def _cloud(home: Path) -> Cloud:
    found = Cloud.load(home)
    if found is None:
        raise CliError(f"there is no embedded cloud in {home}; `tap up` makes one")
    return found


def _confirm(what: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{what}?", abort=True, err=True)


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
                _adopt(loaded)
            home.rename(old)
            new.rename(home)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _adopt(cloud: Cloud) -> None:
    """Give the superuser of data that another cloud made this one's password."""
    data = cloud.home / "postgres"
    data.chmod(0o700)  # the server insists on it
    quoted = pg8000.native.literal(cloud.database_password)
    ended = subprocess.run(
        [*programs.command(cloud, "postgres"), "--single", "-D", str(data), "postgres"],
        env=programs.environment(),
        input=f"ALTER ROLE {postgres.USER} PASSWORD {quoted}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CloudError(f"PostgreSQL does not take the loaded data: {ended.stderr}")


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
        raise CloudError(f"{why}; `tap save` lists those that are") from error


def _version(cloud: Cloud) -> str:
    emulator = sorted((cloud.app.emulator or Path()).glob("ministack-*.dist-info"))
    return " with ".join([f"tap {version('tap')}", *(each.stem for each in emulator)])
