"""Saved state of an embedded cloud: rows of one SQLite file that changes by whole transactions.

A row is what is written at once: a service's state, an item, a lock, a log stream. What was
committed survives the end of the process, however it ends: it is with the operating system then.
Nothing is forced to the disk for each (`synchronous = NORMAL`), so a loss of power may take the
last seconds; the file stays whole. A thread waits for the disk (`checkpoint`).
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from localcloud.errors import CloudError

_NAME = "state.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    part TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (part, key)
) WITHOUT ROWID;
-- What an earlier version of this file had in a table of its own.
CREATE TABLE IF NOT EXISTS services (name TEXT PRIMARY KEY, state TEXT NOT NULL);
INSERT OR IGNORE INTO entries SELECT 'service', name, state FROM services;
DROP TABLE services;
"""
SERVICE = "service"  # the part with the whole states of services, by their names

# JSON by part and key; None for what is gone.
Rows = dict[tuple[str, str], str | None]


class State:
    """The file, and what is in it."""

    def __init__(self, folder: Path):
        self._path = folder / _NAME
        self._file = sqlite3.connect(self._path, isolation_level=None)
        self._file.execute("PRAGMA wal_autocheckpoint = 16384")  # 64 MB: a commit does it then
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def value(self, part: str, key: str) -> str | None:
        """What was saved last under a key; None when nothing was."""
        at = "SELECT value FROM entries WHERE part = ? AND key = ?"
        return next((str(text) for [text] in self._file.execute(at, (part, key))), None)

    def rows(self, part: str) -> Iterator[tuple[str, str]]:
        """The keys and values of a part."""
        yield from self._file.execute("SELECT key, value FROM entries WHERE part = ?", (part,))

    def save(self, rows: Mapping[tuple[str, str], str | None]) -> None:
        """Write all of them, or none when this raises."""
        gone = [place for place, value in rows.items() if value is None]
        kept = [(*place, value) for place, value in rows.items() if value is not None]
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("DELETE FROM entries WHERE part = ? AND key = ?", gone)
            self._file.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", kept)

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file, from any thread, or a next time."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path)) as file:
            file.execute("PRAGMA wal_checkpoint")


def require_whole(folder: Path) -> None:
    """Refuse to start on half of a state: raise `CloudError` if the file is damaged."""
    path = folder / _NAME
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as file:
            said = file.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise CloudError(
            f"the saved state is damaged: {path} is not whole; "
            f"forget it by deleting {folder.parent}, then start again"
        )
