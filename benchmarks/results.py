"""Results of benchmarks, as files: what was measured, when, of which commit, on which machine."""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PERCENTILES = ("p50 ms", "p90 ms", "p99 ms", "min ms")
FOLDER = Path(__file__).resolve().parent / "measured"


def write(
    file: Path,
    *,
    title: str,
    method: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    notes: Sequence[str] = (),
    plot: str | None = None,
) -> None:
    """Print a result and write it: a section of docs/performance.md (`benchmarks/page.py`).

    Args:
        file: `benchmarks/measured/<name>.json`.
        title: The section's heading.
        method: What is counted or timed, with what and how often.
        columns: Their names with units; the first column names the row.
        rows: Numbers as numbers; None where nothing was measured.
        notes: What the figures do not say, and where this project loses; a sentence each.
        plot: The column that is drawn, if any.
    """
    result = {
        "title": title,
        "method": method,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "plot": plot,
        "notes": list(notes),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "machine": _machine(),
        "python": platform.python_version(),
    }
    listing = Table(*columns, title=title)
    for row in rows:
        listing.add_row(*(cell(each) for each in row))
    Console().print(listing)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


def cell(value: Any) -> str:
    """A number with three digits that count, and whole ones whole."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def losses(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Say in which columns another row is less than the first, which is this project's."""
    ours, *others = rows
    found = [
        f"{column} ({', '.join(row[0] for row in others if row[at] < ours[at])})"
        for at, column in enumerate(columns)
        if at and any(row[at] < ours[at] for row in others)
    ]
    return f"Less than this project's: {'; '.join(found) or 'nothing here'}."


def file_option(description: str | None, name: str) -> Path:
    """Read `--json FILE` from the command line, which every benchmark has."""
    parser = argparse.ArgumentParser(f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--json", type=Path, default=FOLDER / f"{name}.json")
    file: Path = parser.parse_args().json
    return file


def percentiles(values: Sequence[float]) -> list[float]:
    """Milliseconds of the median, of the 90th and the 99th percentile, and the least."""
    cuts = statistics.quantiles(values, n=100)
    return [statistics.median(values), cuts[89], cuts[98], min(values)]


def _commit() -> str:
    git = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=7"]
    ended = subprocess.run(git, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or "unknown"


def _machine() -> str:
    processor = Path("/proc/cpuinfo")
    named = (
        re.search(r"model name\s*:\s*(.*)", processor.read_text("utf-8"))
        if processor.exists()
        else None
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = named[1].strip() if named else platform.machine()
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB"
