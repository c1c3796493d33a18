"""Resolved properties of deployed resources, kept to read their settings back."""

import json
import threading
from dataclasses import asdict
from pathlib import Path

from localcloud.cloud import write_private
from localcloud.reapplied import Resource


class DeployedSettings:
    """The resources whose settings the emulator drops, in a file of the state folder."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def of(cls, home: Path) -> "DeployedSettings":
        """Those of the embedded cloud in this folder."""
        return cls(home / "state" / "settings.json")

    def read(self) -> list[Resource]:
        """Every resource kept, in no particular order; none where nothing was deployed."""
        try:
            return [Resource(**kept) for kept in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []

    def keep(self, resource: Resource) -> None:
        """Add a resource, or replace what was kept of it."""
        self._write(resource, [resource])

    def forget(self, resource: Resource) -> None:
        """Drop a resource that was deleted."""
        self._write(resource, [])

    def _write(self, changed: Resource, now: list[Resource]) -> None:
        with self._lock:
            of = (changed.type, changed.id)
            others = [kept for kept in self.read() if (kept.type, kept.id) != of]
            write_private(self._path, json.dumps([asdict(kept) for kept in others + now]))
