"""PostgreSQL server behind the RDS instances of an embedded cloud.

A real server with TLS and password authentication (SCRAM), on the loopback address alone. Its
programs come from a locked npm package; the builds on PyPI lack TLS.
"""

import re
import shutil
import ssl
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pg8000.native
import psutil

from localcloud import postgres_programs as programs
from localcloud.cloud import Cloud, write_private
from localcloud.errors import CloudError

USER = "embedded"
_START_SECONDS = 20.0
_CONFIGURATION = Path(__file__).with_name("postgresql.conf").read_text("utf-8")
# Without TLS no line matches, and the connection is refused: what rds.force_ssl does.
_ACCESS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"


def is_made(home: Path) -> bool:
    """Whether a stack of the cloud in this folder has had a database."""
    return (home / "postgres" / "PG_VERSION").exists()


def start(cloud: Cloud) -> None:
    """Start the server, with new data if there is none, and its copies, until they answer."""
    for home in filter(is_made, (cloud.home / "restored").glob("*")):
        start(replace(cloud, home=home, database_port=int((home / "port").read_text("utf-8"))))
    if server(cloud.home):
        return
    data = cloud.home / "postgres"
    if not is_made(cloud.home):
        _initialize(cloud, data)
    # A server that was killed leaves its lock: nothing alive holds it.
    (data / "postmaster.pid").unlink(missing_ok=True)
    tls = cloud.home / "tls"
    configuration = _CONFIGURATION.format(port=cloud.database_port, tls=tls)
    (data / "postgresql.auto.conf").write_text(configuration, encoding="utf-8")
    (data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
    log = cloud.home / "postgres.log"
    with log.open("ab") as output:
        begun = output.tell()
        child = subprocess.Popen(  # pylint: disable=consider-using-with  # it outlives us
            [*programs.command(cloud, "postgres"), "-D", str(data)],
            env=programs.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _wait_until_ready(cloud, child, log, begun)


def stop(home: Path) -> bool:
    """End the server and its copies, without a loss; False when none runs."""
    for each in (home / "restored").glob("*"):
        stop(each)
    process = server(home)
    if process is None:
        return False
    process.send_signal(2)  # SIGINT is the server's own "fast" shutdown.
    _, alive = psutil.wait_procs([process], timeout=20)
    for straggler in alive:
        straggler.kill()
    return True


def server(home: Path) -> psutil.Process | None:
    """The server's process, if it is alive."""
    try:
        lines = (home / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        process = psutil.Process(int(lines[0]))
        # The id may be another program's by now: the folder is on the server's command line, by
        # the name that it had when the server was started.
        known = lines[1] in process.cmdline() or str(home / "postgres") in process.cmdline()
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        return None
    return process if known else None


def copy(cloud: Cloud, name: str, port: int) -> None:
    """Start a server at `port` on a copy of this moment's data, in a folder of its own.

    https://www.postgresql.org/docs/15/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
    """
    data, home = cloud.home / "postgres", cloud.home / "restored" / name
    home.mkdir(parents=True, mode=0o700)
    (home / "tls").symlink_to(cloud.authority.parent)
    (home / "port").write_text(str(port), "utf-8")
    unfinished, not_yet = home / "postgres.new", shutil.ignore_patterns("postmaster.*", "pg_wal")
    with closing(connect(cloud)) as connection:
        connection.run("SELECT pg_backup_start('restore', true)")
        shutil.copytree(data, unfinished, ignore=not_yet, copy_function=_copy_if_there)
        [[label]] = connection.run("SELECT labelfile FROM pg_backup_stop(false)")
    shutil.copytree(data / "pg_wal", unfinished / "pg_wal", copy_function=_copy_if_there)
    (unfinished / "backup_label").write_text(label, "utf-8")
    unfinished.rename(home / "postgres")
    start(replace(cloud, home=home, database_port=port))


def _copy_if_there(source: str, target: str) -> None:
    with suppress(FileNotFoundError):  # what goes meanwhile is made again from the log
        shutil.copy2(source, target)


def connect(cloud: Cloud, database: str = "postgres") -> pg8000.native.Connection:
    """A connection as the server's superuser."""
    return pg8000.native.Connection(
        USER,
        host="127.0.0.1",
        port=cloud.database_port,
        database=database,
        password=cloud.database_password,
        ssl_context=ssl.create_default_context(cafile=str(cloud.authority)),
        timeout=5,
    )


def give(cloud: Cloud, *, user: str, password: str, database: str) -> None:
    """Make a database and the user that owns it, with the rights of an RDS master user."""
    connection = connect(cloud)
    try:
        if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :user", user=user):
            connection.run(f"CREATE ROLE {_name(user)} LOGIN CREATEROLE CREATEDB")
        quoted = pg8000.native.literal(password)
        connection.run(f"ALTER ROLE {_name(user)} PASSWORD {quoted}")
        known = "SELECT 1 FROM pg_database WHERE datname = :database"
        if not connection.run(known, database=database):
            connection.run(f"CREATE DATABASE {_name(database)} OWNER {_name(user)}")
    finally:
        connection.close()


def _name(given: str) -> str:
    return str(pg8000.native.identifier(given))


def _initialize(cloud: Cloud, data: Path) -> None:
    # Whole or not at all: half a folder, of a start that was killed, would never start.
    unfinished = data.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    password = cloud.home / "run" / "database-password"
    password.parent.mkdir(exist_ok=True, mode=0o700)
    write_private(password, cloud.database_password)
    shutil.rmtree(data, ignore_errors=True)
    options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--username={USER}"]
    options += [f"--pgdata={unfinished}", f"--pwfile={password}"]
    ended = subprocess.run(
        [*programs.command(cloud, "initdb"), *options],
        env=programs.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    password.unlink()
    if ended.returncode:
        said = _reason(f"{ended.stderr}\n{ended.stdout}")
        raise CloudError(f"PostgreSQL's data folder could not be made: {said}; mend it and repeat")
    unfinished.rename(data)


def _wait_until_ready(
    cloud: Cloud, child: "subprocess.Popen[bytes]", log: Path, start: int
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            connect(cloud).close()
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError, OSError):
            time.sleep(0.05)
        else:
            child.returncode = 0  # Python would warn that it runs on when this object goes.
            return
    said = _reason(log.read_bytes()[start:].decode("utf-8", "replace"))
    raise CloudError(f"PostgreSQL did not start: {said}; its log is {log}")


def _reason(output: str) -> str:
    """The line that says why: what follows it says only what was done about it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search("(error|fatal|panic|failed):", line.lower())]
    return (telling or lines[-1:] or ["it said nothing"])[0]
