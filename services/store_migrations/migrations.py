"""Database migrations: SQL files `NNNN_name.sql`, applied in order, each once in a transaction.

What was applied is kept with its checksum, so that a file changed afterwards is noticed. An
advisory lock lets one run at a time; a second waits and then finds nothing to do.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pg8000.native import Connection

FOLDER = Path(__file__).with_name("sql")
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 7_215_001  # any number, as long as nothing else in this database locks it


class MigrationRefused(Exception):
    """The database and the files do not fit together; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Checksum of its text, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read a folder's migrations; raise `MigrationRefused` if a number from 1 on is missing."""
    names = sorted(path.name for path in folder.glob("*.sql") if _FILE_NAME.fullmatch(path.name))
    migrations = [Migration(int(name[:4]), name, (folder / name).read_text()) for name in names]
    for expected, migration in enumerate(migrations, start=1):
        if migration.number != expected:
            raise MigrationRefused(f"{migration.name} should have the number {expected:04}")
    return migrations


@contextmanager
def one_at_a_time(connection: Connection) -> Iterator[None]:
    """Hold a lock, waiting 20 seconds at most, so that no other session migrates."""
    connection.run("SET lock_timeout = '20s'")
    connection.run("SELECT pg_advisory_lock(:lock)", lock=_LOCK)
    try:
        yield
    finally:
        connection.run("SELECT pg_advisory_unlock(:lock)", lock=_LOCK)


def migrate(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is missing and return its names; raise `MigrationRefused` for a misfit."""
    missing = _missing(connection, migrations)
    for migration in missing:
        _apply(connection, migration)
    return [migration.name for migration in missing]


def _missing(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """List what is not applied yet; raise `MigrationRefused` for a misfit."""
    applied = connection.run("SELECT name, sha256 FROM migrations ORDER BY number")
    if len(applied) > len(migrations):
        raise MigrationRefused(f"the database has {applied[-1][0]}, which is newer than this code")
    for migration, (name, sha256) in zip(migrations, applied, strict=False):
        if (migration.name, migration.sha256) != (name, sha256):
            raise MigrationRefused(
                f"{migration.name} is not what was applied as {name}; "
                "restore it and put the change into a new file"
            )
    return list(migrations[len(applied) :])


def _apply(connection: Connection, migration: Migration) -> None:
    """Apply one migration wholly, or leave no trace of it."""
    connection.run("BEGIN")
    try:
        connection.run(migration.sql)
        connection.run(
            "INSERT INTO migrations (number, name, sha256) VALUES (:number, :name, :sha256)",
            number=migration.number,
            name=migration.name,
            sha256=migration.sha256,
        )
        connection.run("COMMIT")
    except BaseException:
        connection.run("ROLLBACK")
        raise
