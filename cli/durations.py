"""Spans of time as people type them."""

import re

from cli.errors import CliError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(given: str) -> int:
    """Read a span such as `30s`, `10m`, `2h` or `1d`.

    Returns:
        Its length in seconds.

    Raises:
        CliError: It is no such span.
    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", given)
    if not found:
        raise CliError(f"a span is a number and s, m, h or d, such as 10m; got {given!r}")
    return int(found[1]) * _UNITS[found[2]]
