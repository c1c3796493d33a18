"""Timestamps as every API writes them."""

from datetime import UTC, datetime


def timestamp(moment: datetime | None = None) -> str:
    """Format a moment, now when omitted, as RFC 3339 in UTC with microseconds."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
