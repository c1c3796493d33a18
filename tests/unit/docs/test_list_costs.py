"""What the pages say that lists cost is what the script computes, and what a list reads."""

from benchmarks import list_cost
from services.shared.items.repository import SEGMENTS, DynamoItems
from tests.unit.docs.pages import ITEMS_API
from tests.unit.services import fakes
from tests.unit.services.environment import TABLE


def test_the_table_of_costs_is_what_the_script_computes() -> None:
    assert list_cost.table() in ITEMS_API


def test_an_entry_of_the_index_is_as_large_as_is_computed() -> None:
    client = fakes.dynamodb()
    DynamoItems(client, TABLE).add(list_cost._ITEM)

    entries = client.scan(TableName=TABLE, IndexName="listed")["Items"]

    sizes = [sum(len(name) + len(value["S"]) for name, value in each.items()) for each in entries]
    assert sizes == [list_cost.ENTRY_BYTES]


def test_a_page_of_one_order_reads_every_segment() -> None:
    alone, together = list_cost.page_units(1), list_cost.page_units(SEGMENTS)

    assert (together - alone) / (SEGMENTS - 1) == alone - list_cost.PAGE
