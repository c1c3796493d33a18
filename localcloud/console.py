"""How `tap` speaks: data on stdout, everything else on stderr."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console

talk = Console(stderr=True, highlight=False)
data = Console(highlight=False, soft_wrap=True)


@contextlib.contextmanager
def step(doing: str, done: str) -> Iterator[None]:
    """Say what is being done while it is done, then that it is, and how long it took."""
    began = time.monotonic()
    with talk.status(f"{doing}...") if talk.is_terminal else contextlib.nullcontext():
        yield
    talk.print(f"[green]✓[/] {done} [dim]({time.monotonic() - began:.1f} s)[/]")


def emit(value: Any) -> None:
    """Print a value as JSON, for a script to read or a person to look at."""
    data.print_json(json.dumps(value, default=str))
