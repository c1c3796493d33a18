"""`python -m tools.coverage ROOM=PERCENT ...`: how much of each room the tests reach.

Reads what `pytest --cov` measured, lines and branches, prints a table, and names the emulator's
patches that no test reached. Exits with 1 when a room is covered less than it must be.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coverage import Coverage

PATCHES = "localcloud/engine/"
Files = Mapping[str, Mapping[str, Any]]


def main(arguments: list[str]) -> int:
    """Print the table of these rooms and say whether each is covered enough."""
    wanted = {room: float(least) for room, _, least in (each.partition("=") for each in arguments)}
    files = measured(list(wanted))
    faults = 0
    print(f"\n{'room':<12}{'covered':>9}{'at least':>10}")
    for room, least in wanted.items():
        found = percent({name: each for name, each in files.items() if name.startswith(f"{room}/")})
        faults += found < least
        print(f"{room:<12}{found:>8.2f}%{least:>9.0f}%{'  too little' if found < least else ''}")
    for name in unreached(files):
        print(f"{name}: no test reached this patch")
    return 1 if faults else 0


def measured(rooms: list[str]) -> Files:
    """Read what was measured of these rooms, after printing each file that is not covered whole."""
    coverage = Coverage()
    coverage.load()
    which: Any = {
        "include": [f"{room}/*" for room in rooms],
        "omit": coverage.get_option("run:omit"),
    }
    coverage.report(**which, show_missing=True, skip_covered=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        coverage.json_report(outfile=report.name, **which)
        files: Files = json.loads(Path(report.name).read_text("utf-8"))["files"]
    return files


def percent(files: Files) -> float:
    """Return how much is covered of these files' statements and branches; 0 of none."""
    sums = [each["summary"] for each in files.values()]
    covered = sum(each["covered_lines"] + each["covered_branches"] for each in sums)
    total = sum(each["num_statements"] + each["num_branches"] for each in sums)
    return 100 * covered / total if total else 0


def unreached(files: Files) -> list[str]:
    """Name the emulator's patches of which no function ran."""
    return [
        name
        for name, each in sorted(files.items())
        if name.startswith(PATCHES)
        and (functions := [part for part in each["functions"] if part])
        and not any(each["functions"][part]["executed_lines"] for part in functions)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
