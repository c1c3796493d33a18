"""Processes of an embedded cloud: started, found and ended by id and time of birth."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import ACCOUNT, REGION, Cloud, write_private
from localcloud.errors import CloudError

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
# What the server needs of the shell: `coverage` measures subprocesses by the fourth, and
# `localcloud/consent/decisions.py` records by the last.
_KEPT = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG", "LOCALCLOUD_DECISIONS")


def running(home: Path) -> psutil.Process | None:
    """The process of the cloud in this folder, if it is alive."""
    # A process id alone proves nothing after a reboot: its time of birth must match too.
    try:
        noted = json.loads(_note(home).read_text(encoding="utf-8"))
        process = psutil.Process(noted["pid"])
        same = abs(process.create_time() - noted["created"]) < 1
        return process if same and _is_alive(process) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the folder while its cloud is started, changed or stopped; no other command may."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = (home / "lock").open("w", encoding="utf-8")
    except OSError as error:
        why = f"the embedded cloud's folder cannot be made: {home} ({error.strerror})"
        raise CloudError(f"{why}; name another folder") from error
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CloudError(f"another command is at work in {home}; wait until it ends") from None
        yield


def start(cloud: Cloud) -> psutil.Process:
    """Start the process and wait until it answers; a start that fails leaves nothing running."""
    from localcloud import ports, postgres, state

    postgres.stop(cloud.home)  # One whose cloud was killed: it may have another port than this.
    ports.require_free(cloud)
    for folder in ("run", "tmp", "state", "objects"):
        (cloud.home / folder).mkdir(exist_ok=True, mode=0o700)
    _sweep(cloud.home / "tmp")
    state.require_whole(cloud.home / "state")
    try:
        if postgres.is_made(cloud.home):
            postgres.start(cloud)
        process = _launch(cloud)
        wait_until_ready(cloud, process)
    except BaseException:  # Ctrl-C too: what is half started would be in the next one's way.
        stop(cloud.home)
        raise
    return process


def _launch(cloud: Cloud) -> psutil.Process:
    with (cloud.home / "cloud.log").open("ab") as log:
        child = subprocess.Popen(  # pylint: disable=consider-using-with  # it outlives us
            [sys.executable, "-m", "localcloud.server", str(cloud.home)],
            cwd=Path(__file__).parent.parent,
            env=_environment(cloud),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    child.returncode = 0  # Python would warn that it runs on when this object goes.
    process = psutil.Process(child.pid)
    noted = {"pid": child.pid, "created": process.create_time()}
    write_private(_note(cloud.home), json.dumps(noted))
    return process


def stop(home: Path) -> bool:
    """End the process, every function it runs and the database; False when none is running."""
    from localcloud import postgres

    process = running(home)
    if process is None:
        _note(home).unlink(missing_ok=True)
        return postgres.stop(home)
    family = [process, *process.children(recursive=True)]
    process.terminate()
    _, alive = psutil.wait_procs(family, timeout=_STOP_SECONDS)
    for straggler in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            straggler.kill()
    psutil.wait_procs(alive, timeout=_STOP_SECONDS)
    postgres.stop(home)
    _note(home).unlink(missing_ok=True)
    _sweep(home / "tmp")
    return True


def functions(server: psutil.Process) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Yield each execution environment of a server's functions, with its environment variables."""
    for each in server.children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):  # it has ended meanwhile
            variables = each.environ()
            if "AWS_LAMBDA_FUNCTION_NAME" in variables:
                yield each, variables


def end_function(cloud: Cloud, name: str) -> None:
    """End the execution environments of a function; the next call of it has a new one."""
    if server := running(cloud.home):
        for each, variables in functions(server):
            if variables["AWS_LAMBDA_FUNCTION_NAME"] == name:
                each.kill()


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _note(home: Path) -> Path:
    return home / "process.json"


def _environment(cloud: Cloud) -> dict[str, str]:
    """The emulator's settings, and nothing of the shell that functions could come to rely on."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",
        # Where the emulator believes it listens: it fetches Cognito's key set from there over
        # plain HTTP and names the port in the addresses of the APIs, so it is the front door's.
        "GATEWAY_PORT": str(cloud.front_port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(cloud.home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(cloud.home / "objects"),
        "TMPDIR": str(cloud.home / "tmp"),
        "SSL_CERT_FILE": str(cloud.authority),
        "DOCKER_HOST": f"unix://{cloud.home}/no-docker",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        # The emulator pins its own botocore, which is not the one of this process.
        **({"PYTHONPATH": str(cloud.app.emulator)} if cloud.app.emulator else {}),
    }


def _sweep(folder: Path) -> None:
    """Remove what functions of a killed process left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True, mode=0o700)


def wait_until_ready(cloud: Cloud, process: psutil.Process) -> None:
    """Wait until a process answers; raise `CloudError` if it ended, or did not in time."""
    identity = cloud.client("sts", connect_timeout=1, read_timeout=2)
    deadline, log = time.monotonic() + _START_SECONDS, f"its log is {cloud.home / 'cloud.log'}"
    while time.monotonic() < deadline:
        if not _is_alive(process):
            raise CloudError(f"the embedded cloud ended at once: {_last_line(cloud)}; {log}")
        with contextlib.suppress(BotoCoreError, ClientError):
            identity.get_caller_identity()
            return
        time.sleep(0.1)
    why = f"the embedded cloud did not answer within {_START_SECONDS:.0f} s"
    raise CloudError(f"{why}; {log}; stop it, then start it again")


def _last_line(cloud: Cloud) -> str:
    lines = (cloud.home / "cloud.log").read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
