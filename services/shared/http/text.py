"""Text as every API writes it: made safe for log lines and headers, and timestamps."""

import re
from datetime import UTC, datetime

_UNFIT = re.compile(r"[^ -~]")


def plain(text: str, limit: int) -> str:
    """Keep the first `limit` characters, with `?` for each that is not printable ASCII."""
    # So it can neither end a line nor change how one is shown: no control characters, no line
    # separators of Unicode, no marks that turn its direction.
    return _UNFIT.sub("?", text[:limit])


def timestamp(moment: datetime | None = None) -> str:
    """Format a moment, now when omitted, as RFC 3339 in UTC with microseconds."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
