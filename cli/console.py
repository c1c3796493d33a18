"""How `tap` speaks: data on stdout, everything else on stderr.

Nothing printed is read as markup: a path, an error or a customer's text may hold brackets. Colours
are put on with `styled`. rich is imported when the first thing is printed.
"""

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}


class _Lazy:
    """A console of rich that is made when it is used; `made` is the console itself."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr

    @cached_property
    def made(self) -> "Console":
        """Import rich and make it."""
        from rich.console import Console

        return Console(stderr=self._stderr, soft_wrap=True, **_PLAIN)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)


talk: Any = _Lazy(stderr=True)
data: Any = _Lazy()

_UNBOUNDED = 1_000_000


def styled(*parts: "str | tuple[str, str] | Text") -> "Text":
    """Make a text of parts, each a text or a text with its style."""
    from rich.text import Text

    return Text.assemble(*parts)


def done(what: str, note: str = "") -> None:
    """Say that something is done, with a note in small print."""
    talk.print(styled(("✓ ", "green"), what, (f" {note}" if note else "", "dim")))


def failed(what: str) -> None:
    """Say that something is not done."""
    talk.print(styled(("✗ ", "red"), what))


@contextlib.contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Say what is being done while it is done, where that can be taken back: on a terminal."""
    with talk.status(f"{doing}...") if talk.is_terminal else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def step(doing: str, what: str) -> Iterator[None]:
    """Say what is being done while it is done, then that it is, and how long it took."""
    began = time.monotonic()
    with waiting(doing):
        yield
    done(what, f"({time.monotonic() - began:.1f} s)")


def emit(value: Any) -> None:
    """Print a value as JSON, for a script to read or a person to look at."""
    data.print_json(json.dumps(value, default=str))


def show_rows(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows that have the same members, as JSON or as a table."""
    if as_json:
        emit(rows)
    elif rows:
        show(
            [name.capitalize() for name in rows[0]],
            ([str(value) for value in row.values()] for row in rows),
        )


def show(
    columns: Sequence[str], rows: Iterable[Sequence["str | Text"] | None], *, title: str = ""
) -> None:
    """Print a table of which nothing is cut; None as a row draws a line.

    In a pipe it has no frame and is as wide as it must be. On a terminal its cells are wrapped
    between words; where not even the words fit, each row is a line without a frame.
    """
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

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
        Console(file=data.file, width=wide, **_PLAIN).print(listing)
    elif width.minimum <= data.width:
        data.print(listing, soft_wrap=False)
    else:
        data.print(styled((title, "italic")))
        for row in kept:
            data.print(styled("  ").join(styled(cell) for cell in row or () if cell))
