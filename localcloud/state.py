"""Saved state of an embedded cloud: one SQLite file that changes by whole transactions.

A transaction that was committed survives the end of the process, however it ends: it is with the
operating system then. Nothing is forced to the disk for each (`synchronous = NORMAL`), so a loss of
power may take the last seconds; the file stays whole. A thread waits for the disk (`checkpoint`).
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.errors import CloudError

_NAME = "state.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS services (name TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    part TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (part, key)
) WITHOUT ROWID;
"""


@dataclass(kw_only=True)
class Change:
    """What one transaction writes, as JSON."""

    services: dict[str, str] = field(default_factory=dict)  # the whole state of each
    emptied: set[str] = field(default_factory=set)  # parts whose entries all go, before any come
    # Single entries by part and key; None for one that is gone.
    entries: dict[tuple[str, str], str | None] = field(default_factory=dict)
    when_saved: list[Callable[[], None]] = field(default_factory=list)


class State:
    """The file, and what is in it."""

    def __init__(self, folder: Path):
        self._path = folder / _NAME
        self._file = sqlite3.connect(self._path, isolation_level=None)
        self._file.execute("PRAGMA wal_autocheckpoint = 16384")  # 64 MB: a commit does it then
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def service(self, name: str) -> str | None:
        """The state of a service as it was saved last; None when it never was."""
        found = self._file.execute("SELECT state FROM services WHERE name = ?", (name,))
        return next((str(text) for [text] in found), None)

    def entries(self, part: str) -> Iterator[tuple[str, str]]:
        """The keys and values of a part."""
        yield from self._file.execute("SELECT key, value FROM entries WHERE part = ?", (part,))

    def save(self, change: Change) -> None:
        """Write all of it, or none of it when this raises."""
        gone = [place for place, value in change.entries.items() if value is None]
        kept = [(*place, value) for place, value in change.entries.items() if value is not None]
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            whole, emptied = change.services.items(), [(part,) for part in change.emptied]
            self._file.executemany("INSERT OR REPLACE INTO services VALUES (?, ?)", whole)
            self._file.executemany("DELETE FROM entries WHERE part = ?", emptied)
            self._file.executemany("DELETE FROM entries WHERE part = ? AND key = ?", gone)
            self._file.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", kept)
        for told in change.when_saved:
            told()

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
