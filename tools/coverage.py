"""`python -m tools.coverage ROOM=PERCENT ...`: how much of each room the tests reach.

Reads what `pytest --cov` measured, lines and branches, prints a table, and names the emulator's
patches that no test reached. Exits with 1 when a room is covered less than it must be.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coverage import Coverage
from coverage.exceptions import NoDataError

_PATCHES = "localcloud/engine/*"


def main(arguments: list[str]) -> int:
    """Print what is not covered of these rooms, and say whether each is covered enough."""
    wanted = {room: float(least) for room, _, least in (each.partition("=") for each in arguments)}
    coverage = Coverage()
    coverage.load()
    found = {room: percent(coverage, room) for room in wanted}
    print(f"\n{'room':<12}{'covered':>9}{'at least':>10}")
    for room, least in wanted.items():
        too_little = "  too little" if found[room] < least else ""
        print(f"{room:<12}{found[room]:>8.2f}%{least:>9.0f}%{too_little}")
    for name in unreached(coverage) if "localcloud" in wanted else ():
        print(f"{name}: no test reached this patch")
    return int(any(found[room] < least for room, least in wanted.items()))


def percent(coverage: Coverage, room: str) -> float:
    """Print each file that is not covered whole, and return how much is; 0 of none."""
    omit: Any = coverage.get_option("run:omit")
    try:
        return coverage.report(include=f"{room}/*", omit=omit, show_missing=True, skip_covered=True)
    except NoDataError:
        return 0


def unreached(coverage: Coverage) -> Iterator[str]:
    """Name the emulator's patches of which no function ran."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        coverage.json_report(outfile=report.name, include=_PATCHES)
        files = json.loads(Path(report.name).read_text("utf-8"))["files"]
    for name, each in sorted(files.items()):
        functions = [part for function, part in each["functions"].items() if function]
        if functions and not any(part["executed_lines"] for part in functions):
            yield name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
