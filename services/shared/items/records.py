"""Records of items in DynamoDB's notation.

A record nests the client's attributes in one map. So no attribute can collide with what the
server keeps, and a replacement or a merge is one conditional UpdateItem.
"""

from decimal import Decimal
from typing import Any

from services.shared.http.exact_json import Json, number
from services.shared.items.models import FIELDS, Item

Record = dict[str, dict[str, Any]]


def to_record(item: Item) -> Record:
    """Write an item as the record that a table keeps of it."""
    return {name: to_value(getattr(item, name)) for name in FIELDS}


def to_item(record: Record) -> Item:
    """Read an item from its record."""
    return Item(**{name: _from_value(record[name]) for name in FIELDS})


def place_of(item: Item) -> str:
    """Give an item's place in a list that is sorted by the times of creation."""
    return f"{item.created_at} {item.id}"


def to_value(value: Json) -> dict[str, Any]:
    """Write a JSON value in DynamoDB's notation."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, (int, Decimal)):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: to_value(part) for name, part in value.items()}}
    return {"L": [to_value(part) for part in value]}


def _from_value(value: dict[str, Any]) -> Json:
    """Read DynamoDB's notation as a JSON value, numbers in the form that `exact_json` has."""
    [(kind, content)] = value.items()
    if kind == "M":
        return {name: _from_value(part) for name, part in content.items()}
    if kind == "L":
        return [_from_value(part) for part in content]
    if kind == "N":
        return number(content)
    return None if kind == "NULL" else content
