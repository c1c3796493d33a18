"""What lists of many items cost in DynamoDB, as the table of docs/items-api.md says it.

    .venv/bin/python -m benchmarks.list_cost

Computed, not measured: from what a page reads (`services/shared/items/listing.py`), the sizes of
items and of entries of the index, and list prices of us-east-1.
"""

import math
import sys
from collections.abc import Callable

from services.shared.items.models import Item
from services.shared.items.records import place_of
from services.shared.items.repository import SEGMENTS

# https://aws.amazon.com/dynamodb/pricing/on-demand/, 2026-11-26, in US dollars.
WRITE, READ, GIGABYTE_MONTH = 0.625 / 1e6, 0.125 / 1e6, 0.25
PAGE = 100
ITEM_BYTES = 1000
_OVERHEAD = 100  # DynamoDB keeps so many bytes besides each item, and besides each entry
_ITEM = Item(
    id="01a200da-b3ba-73d2-bd47-658750aa823d",
    attributes={},
    version=1,
    created_at="2026-11-22T01:24:22.586598Z",
    updated_at="2026-11-22T01:24:22.586598Z",
)
ENTRY_BYTES = len("listed_in" + "7" + "listed_at" + place_of(_ITEM) + "id" + _ITEM.id)


def units(size: float, *, consistent: bool) -> float:
    """Read request units of one call that reads so many bytes."""
    return math.ceil(size / 4096) * (1 if consistent else 0.5)


def page_units(segments: int) -> float:
    """Read request units of a full page from so many segments: their entries, then the items."""
    entries = units((PAGE + 1) * ENTRY_BYTES, consistent=False)
    return segments * entries + PAGE * units(ITEM_BYTES, consistent=True)


def table() -> str:
    """The table in Markdown."""
    rows = [("A million items", 1e6), ("A billion items", 1e9)]
    costs: dict[str, Callable[[float], float]] = {
        "Listed once, in one order": lambda n: n / PAGE * page_units(SEGMENTS) * READ,
        "Listed once, by eight readers": lambda n: n / PAGE * page_units(1) * READ,
        "Listed once by the Scan of before": lambda n: n * ITEM_BYTES / 4096 * READ,
        "Put into the index": lambda n: n * WRITE,
        "Index kept for a month": lambda n: n * (ENTRY_BYTES + _OVERHEAD) / 1e9 * GIGABYTE_MONTH,
        "Table kept for a month": lambda n: n * (ITEM_BYTES + _OVERHEAD) / 1e9 * GIGABYTE_MONTH,
    }
    lines = ["| | " + " | ".join(name for name, _ in rows) + " |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | " + " | ".join(f"${cost(n):,.2f}" for _, n in rows) + " |"
        for name, cost in costs.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
