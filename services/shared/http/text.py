"""Text that others word, made fit to stand in a line of ours."""

import re

_UNFIT = re.compile(r"[^ -~]")


def plain(text: str, limit: int) -> str:
    """The first `limit` characters, with `?` for each that is not printable ASCII.

    So it can neither end a line nor change how one is shown: no control characters, no line
    separators of Unicode, no marks that turn its direction.
    """
    return _UNFIT.sub("?", text[:limit])
