"""docs/performance.md and its plots, from benchmarks/measured: `python -m benchmarks.page`.

A unit test compares, so that nobody writes a figure by hand.
"""

import json
import re
import sys
from typing import Any

from benchmarks.results import FOLDER, cell

DOCS = FOLDER.parent.parent / "docs"
_FIRST = ("shipped", "instructions")  # what a stranger asks first
_HEAD = """# Performance

What `make bench` measured, which writes this page from `benchmarks/measured/`. One part is measured
again with its name: `PARTS=shipped make bench`.

Compare figures of one section only: each was measured at one time, on the machine that it names.
"""


def files() -> dict[str, str]:
    """What the files below docs/ must hold, by their names."""
    results = {file.stem: json.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.json")}
    names = sorted(results, key=lambda name: (*(name != each for each in _FIRST), name))
    page = [_HEAD, *(_section(name, results[name]) for name in names)]
    plots = {_image(name): _plot(each) for name, each in results.items() if each["plot"]}
    return {"performance.md": "\n".join(page), **plots}


def main() -> None:
    """Write the page and its plots."""
    for name, content in files().items():
        (DOCS / name).write_text(content, "utf-8")


def _image(name: str) -> str:
    return f"images/performance-{name}.svg"


def _section(name: str, result: dict[str, Any]) -> str:
    rows = [[cell(each) for each in row] for row in result["rows"]]
    align = ["---", *("---:" for _ in result["columns"][1:])]
    lines = [result["columns"], align, *rows]
    made = f"commit {result['commit']}, Python {result['python']}, {result['machine']}"
    parts = [
        f"## {result['title']}",
        result["method"],
        "\n".join(f"| {' | '.join(line)} |" for line in lines),
        f"![{result['title']}: {result['plot']}]({_image(name)})" if result["plot"] else "",
        "\n".join(f"- {note}" for note in result["notes"]),
        f"*`benchmarks/{name}.py`, {result['date']}, {made}.*",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plot(result: dict[str, Any]) -> str:
    """Bars of one column, the smallest first."""
    import pygal
    from pygal.style import CleanStyle

    # pygal's finder of plugins speaks a protocol that Python has dropped: each import would warn.
    stale = pygal.PluginImportFixer
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, stale)]
    at = result["columns"].index(result["plot"])
    rows = [row for row in result["rows"] if row[at] is not None]
    chart = pygal.HorizontalBar(
        style=CleanStyle(font_family="sans-serif"),
        show_legend=False,
        show_y_guides=False,
        print_values=True,
        no_prefix=True,
        js=[],
        width=800,
        height=80 + 34 * len(rows),
        title=f"{result['title']}: {result['plot']}",
        value_formatter=cell,
    )
    rows.sort(key=lambda row: -row[at])
    chart.x_labels = [row[0] for row in rows]
    chart.add("", [row[at] for row in rows])
    # Its comments hold the day of drawing: tomorrow the same figures would give another file.
    return re.sub(r"<!--.*?-->", "", chart.render(is_unicode=True))


if __name__ == "__main__":
    main()
