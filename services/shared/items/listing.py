"""List of items in the order of their creation, by an index that has keys alone.

So a change of an item costs the index nothing, a page from all segments reads little more than it
shows, and what it shows is read from the table, as the last finished writes left it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from services.shared.http.errors import Unavailable
from services.shared.items.models import Item, ItemTooLarge, size_of
from services.shared.items.records import Record, place_of, to_item
from services.shared.items.repository import SEGMENTS, DynamoItems, refused_for
from services.shared.telemetry import logger

Page = tuple[list[Item], str | None]

_PLACED = "#placed"  # the id, which no item can have, of the record that says that all have places
_MAX_BYTES = 1_000_000  # where a Scan stops; as JSON six times that at most, which Lambda lets pass
_BATCH = 25  # items of 400 KB: 10 MB for the function to hold


class ListedItems(DynamoItems):
    """Items in a table with the index `listed`, read page by page.

    A table that is older than the index is read itself, until somebody has come to its end: that
    gives every item its place in the index, and no item is missing because it is old.
    """

    def page(self, *, limit: int, after: str | None, segment: int | None) -> Page:
        """Return items, the oldest first, and after what to go on, None at the end.

        All, or those of a segment; at most `limit`, fewer where they are large or just deleted.
        """
        # A list goes on as it began.
        if not (" " in after if after else self._are_placed()):
            return self._page_of_table(limit, after, segment)
        segments = range(SEGMENTS) if segment is None else [segment]
        places = sorted(place for each in segments for place in self._places(each, limit, after))
        items: list[Item] = []
        size = 0
        for item in self._read(places[:limit]):
            size += size_of(item.attributes)
            if items and size > _MAX_BYTES:
                return items, place_of(items[-1])
            items.append(item)
        return items, places[limit - 1] if len(places) > limit else None

    def _places(self, segment: int, limit: int, after: str | None) -> Iterator[str]:
        """Find one place more than is wanted: it tells whether there is another page."""
        values = {":in": self._segment(segment), ":after": {"S": after or " "}}
        answer = self._client.query(
            TableName=self._table_name,
            IndexName="listed",
            KeyConditionExpression="listed_in = :in AND listed_at > :after",
            ExpressionAttributeValues=values,
            Limit=limit + 1,
        )
        return (each["listed_at"]["S"] for each in answer["Items"])

    def _read(self, places: Sequence[str]) -> Iterator[Item]:
        """Read the items that still have these places, by a BatchGetItem for each few."""
        for at in range(0, len(places), _BATCH):
            batch = places[at : at + _BATCH]
            keys = [self._key(each) for each in {place.partition(" ")[2] for place in batch}]
            wanted = {self._table_name: {"Keys": keys, "ConsistentRead": True}}
            answer = self._client.batch_get_item(RequestItems=wanted)
            if answer.get("UnprocessedKeys"):
                raise Unavailable  # DynamoDB throttles
            found = map(to_item, answer["Responses"][self._table_name])
            yield from sorted((each for each in found if place_of(each) in batch), key=place_of)

    def _are_placed(self) -> bool:
        return "Item" in self._client.get_item(TableName=self._table_name, Key=self._key(_PLACED))

    def _page_of_table(self, limit: int, after: str | None, segment: int | None) -> Page:
        """Return items in the table's own order, after an id, once they have their places."""
        call: dict[str, Any] = {"TableName": self._table_name, "Limit": limit}
        call |= {"ExclusiveStartKey": self._key(after)} if after else {}
        if self._owner:
            call["KeyConditionExpression"] = "#owner = :owner"
            call["ExpressionAttributeNames"] = {"#owner": "owner"}  # a reserved word
            call["ExpressionAttributeValues"] = {":owner": self._owner["owner"]}
        read = self._client.query if self._owner else self._client.scan
        answer = read(**call, ConsistentRead=True)
        records = [record for record in answer["Items"] if record["id"]["S"] != _PLACED]
        for record in records:
            if "listed_in" not in record:
                record.update(self._give_place(to_item(record)))
        last = answer.get("LastEvaluatedKey")
        if not last:  # its cursor came from the page before, and so on from the first
            self._client.put_item(TableName=self._table_name, Item=self._key(_PLACED))
        if segment is not None:
            records = [each for each in records if each["listed_in"] == self._segment(segment)]
        return [to_item(record) for record in records], last["id"]["S"] if last else None

    def _give_place(self, item: Item) -> Record:
        """Put an item into the index by one UpdateItem, unless it has been deleted meanwhile."""
        place = self._place(item)
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=self._key(item.id),
                UpdateExpression="SET listed_in = :in, listed_at = :at",
                ConditionExpression="attribute_exists(id)",
                ExpressionAttributeValues={":in": place["listed_in"], ":at": place["listed_at"]},
            )
        except ClientError as error:
            try:
                refused_for(error)
            except ItemTooLarge:  # it was as large as an item can be
                logger.error("item has no room for its place", extra={"item_id": item.id})
        return place
