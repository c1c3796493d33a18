"""Repository of items: their DynamoDB table."""

from binascii import crc32
from typing import Literal

from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.http.errors import refused
from services.shared.items import models
from services.shared.items.models import Attributes, Item, ItemNotFound
from services.shared.items.records import Record, place_of, to_item, to_record, to_value

Mode = Literal["replace", "merge"]

SEGMENTS = 8  # of a list; DynamoDB takes a thousand creations a second into each


class DynamoItems:
    """Items in a DynamoDB table with the key `id`; with an owner, in one with `owner` and `id`.

    Every method is one atomic step, and raises `ItemNotFound` where there is no such item.

    An owner's items are a partition of their own, the only one that is read or written: an id that
    another owner has taken is free, and nothing tells that it is taken.
    """

    def __init__(self, client: aws.Client, table_name: str, owner: str | None = None) -> None:
        self._client = client
        self._table_name = table_name
        self._owner: Record = {"owner": {"S": owner}} if owner else {}

    def add(self, item: Item) -> None:
        """Keep a new item by one PutItem; raise `ItemExists` if its id is not free."""
        record = self._owner | to_record(item) | self._place(item)
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=record,
                ConditionExpression="attribute_not_exists(id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            existing = refused_for(error)
            # botocore repeats a call whose answer was lost: then what stands in the way is this.
            if existing != record:
                raise models.ItemExists(item.id) from error

    def get(self, item_id: str) -> Item:
        """Read the item as the last finished write left it, by a consistent GetItem."""
        answer = self._client.get_item(
            TableName=self._table_name, Key=self._key(item_id), ConsistentRead=True
        )
        if "Item" not in answer:
            raise ItemNotFound(item_id)
        return to_item(answer["Item"])

    def change(self, item: Item, *, mode: Mode, expected_version: int | None) -> Item:
        """Replace the attributes by this item's, or merge these into them, by one UpdateItem.

        Raises `VersionConflict` unless the version is as expected, and `ItemTooLarge` for the
        result of a merge.
        """
        names, values, assignments = _assignments(item.attributes, mode)
        values |= {":one": {"N": "1"}, ":now": {"S": item.updated_at}}
        condition = "attribute_exists(id)"
        if expected_version is not None:
            values[":expected"] = {"N": str(expected_version)}
            condition += " AND #version = :expected"
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key=self._key(item.id),
                UpdateExpression=f"SET {assignments}, #version=#version+:one, updated_at=:now",
                ConditionExpression=condition,
                ExpressionAttributeNames=names | {"#version": "version"},
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _unless_changed(error, item, expected_version)
        return to_item(answer["Attributes"])

    def remove(self, item_id: str) -> Item:
        """Remove the item by one DeleteItem, and return what it was."""
        answer = self._client.delete_item(
            TableName=self._table_name, Key=self._key(item_id), ReturnValues="ALL_OLD"
        )
        if "Attributes" not in answer:
            raise ItemNotFound(item_id)
        return to_item(answer["Attributes"])

    def _key(self, item_id: str) -> Record:
        return self._owner | {"id": {"S": item_id}}

    def _place(self, item: Item) -> Record:
        """Make the key of the index `listed`, which never changes: a segment and a place in it."""
        segment = self._segment(crc32(item.id.encode()) % SEGMENTS)
        return {"listed_in": segment, "listed_at": {"S": place_of(item)}}

    def _segment(self, number: int) -> dict[str, str]:
        return {"S": "/".join([*(each["S"] for each in self._owner.values()), str(number)])}


def _assignments(attributes: Attributes, mode: Mode) -> tuple[dict[str, str], Record, str]:
    """Make names, values and the part of an update expression that sets the attributes."""
    # Short placeholders: DynamoDB allows an expression 4 KB and 300 operators, which is why the
    # API allows a merge 100 attributes.
    names: dict[str, str] = {"#a": "attributes"}
    values: Record = {}
    if mode == "replace":
        values[":a"] = to_value(attributes)
        return names, values, "#a=:a"
    parts = []
    for position, (name, value) in enumerate(attributes.items()):
        names[f"#{position}"] = name
        values[f":{position}"] = to_value(value)
        parts.append(f"#a.#{position}=:{position}")
    # A merge of nothing still makes a new version.
    return names, values, ",".join(parts) or "#a=#a"


def _unless_changed(error: ClientError, item: Item, expected_version: int | None) -> Item:
    """Return the item if this very update, repeated after a lost answer, was carried out."""
    record = refused_for(error)
    if record is None or expected_version is None:
        raise ItemNotFound(item.id) from error
    found = to_item(record)
    if found.version != expected_version + 1 or found.updated_at != item.updated_at:
        conflict = models.VersionConflict(item.id, expected=expected_version, current=found.version)
        raise conflict from error
    return found


def refused_for(error: ClientError) -> Record | None:
    """Return the record that made a write's condition fail, None without; raise other errors."""
    code = aws.code_of(error)
    if code == "ConditionalCheckFailedException":
        record: Record | None = error.response.get("Item")  # type: ignore[assignment]  # not in its stub
        return record
    message = error.response["Error"].get("Message", "")
    if code == "ValidationException" and "Item size" in message:
        raise models.ItemTooLarge from error
    if code == "ValidationException" and "nest" in message.lower():
        raise refused("item", "is nested more than 32 levels deep", "fewer levels") from error
    raise error
