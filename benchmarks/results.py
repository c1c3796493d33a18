"""Results of benchmarks, as files: what was measured, when, of which commit, on which machine."""

import datetime
import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


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
    """Write a result; `benchmarks/page.py` makes a section of docs/performance.md of it.

    Args:
        file: `benchmarks/results/<name>.json`.
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
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


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
