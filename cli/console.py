"""How `tap` speaks: data on stdout, everything else on stderr.

Nothing printed is read as markup: a path, an error or a customer's text may hold brackets. Colours
are put on with `Text`.
"""

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

talk = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
data = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

_UNBOUNDED = 1_000_000


def done(what: str, note: str = "") -> None:
    """Say that something is done, with a note in small print."""
    talk.print(Text.assemble(("✓ ", "green"), what, (f" {note}" if note else "", "dim")))


def failed(what: str) -> None:
    """Say that something is not done."""
    talk.print(Text.assemble(("✗ ", "red"), what))


@contextlib.contextmanager
def step(doing: str, what: str) -> Iterator[None]:
    """Say what is being done while it is done, then that it is, and how long it took."""
    began = time.monotonic()
    with talk.status(f"{doing}...") if talk.is_terminal else contextlib.nullcontext():
        yield
    done(what, f"({time.monotonic() - began:.1f} s)")


def emit(value: Any) -> None:
    """Print a value as JSON, for a script to read or a person to look at."""
    data.print_json(json.dumps(value, default=str))


def show(
    columns: Sequence[str], rows: Iterable[Sequence[str | Text] | None], *, title: str = ""
) -> None:
    """Print a table of which nothing is cut.

    In a pipe it has no frame and is as wide as it must be. On a terminal its cells are wrapped
    between words; where not even the words fit, each row is a line without a frame.

    Args:
        columns: their headings.
        rows: their cells; None draws a line.
        title: what stands above it.
    """
    kept = list(rows)
    listing = Table(*columns, title=title or None, title_justify="left")
    for row in kept:
        if row is None:
            listing.add_section()
        else:
            listing.add_row(*row)
    unbounded = data.options.update(max_width=_UNBOUNDED)
    width = Measurement.get(data, unbounded, listing)
    if not data.file.isatty():
        listing.box, wide = None, max(width.maximum, len(title))
        Console(file=data.file, width=wide, markup=False, emoji=False, highlight=False).print(
            listing
        )
    elif width.minimum <= data.width:
        data.print(listing, soft_wrap=False)
    else:
        data.print(Text(title, "italic"))
        for row in kept:
            data.print(Text("  ").join(Text.assemble(cell) for cell in row or () if cell))
