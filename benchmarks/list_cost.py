"""What lists of many items cost in DynamoDB, as the table of docs/items-api.md says it.

    .venv/bin/python -m benchmarks.list_cost

Computed, not measured: from what a page reads (`services/shared/items/listing.py`), the sizes of
items and of entries of the index, and the prices of `tap cost`.
"""

import math
import sys

from services.shared.items.models import Item
from services.shared.items.records import place_of
from services.shared.items.repository import SEGMENTS
from tools.cost.bill import PRICES, cost

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
    costs: dict[str, tuple[str, float, float]] = {
        "Listed once, in one order": ("read", page_units(SEGMENTS), PAGE),
        "Listed once, by eight readers": ("read", page_units(1), PAGE),
        "Listed once by the Scan of before": ("read", ITEM_BYTES, 4096),
        "Put into the index": ("write", 1, 1),
        "Index kept for a month": ("storage", ENTRY_BYTES + _OVERHEAD, 1),
        "Table kept for a month": ("storage", ITEM_BYTES + _OVERHEAD, 1),
    }
    lines = ["| | " + " | ".join(name for name, _ in rows) + " |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | "
        + " | ".join(f"${cost(PRICES[f'dynamodb.{price}'], n / of * each):,.2f}" for _, n in rows)
        + " |"
        for name, (price, each, of) in costs.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
