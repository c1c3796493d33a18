"""What the embedded cloud wrote down of its decisions."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

_ROLE = re.compile(r".*:assumed-role/([^/]+)/.*")


@dataclass(frozen=True)
class Decision:
    """An evaluation of a policy; `statement` is the Sid of the one that matched."""

    principal: str
    action: str
    resource: str
    allowed: bool
    statement: str
    by: str

    @property
    def role(self) -> str:
        """The physical name of the role; empty for whoever has none."""
        found = _ROLE.fullmatch(self.principal)
        return found[1] if found else ""


class Record:
    """The file that the server writes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> int:
        """Where the record ends now."""
        return self._path.stat().st_size if self._path.exists() else 0

    def since(self, mark: int) -> set[Decision]:
        """The decisions since then, those of the operator left out."""
        if not self._path.exists():
            return set()
        with self._path.open("rb") as file:
            file.seek(mark)
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        return {Decision(**json.loads(line)) for line in whole}
