"""Use cases of items, one verb each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.shared import aws
from services.shared.http.text import timestamp
from services.shared.ids import new_id
from services.shared.items import models
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.listing import ListedItems
from services.shared.items.models import Attributes, Item
from services.shared.items.repository import Mode
from services.shared.items.secret import ApplicationSecret


@dataclass(frozen=True)
class ItemService:
    """Use cases over a collection of items and the cursors of its list."""

    items: ListedItems
    cursors: Cursors

    def create(self, attributes: Attributes, item_id: str | None = None) -> Item:
        """Keep a new item, under a new sortable id when none is given."""
        item = _checked(item_id or new_id(), attributes)
        self.items.add(item)
        return item

    def read(self, item_id: str) -> Item:
        """Return the item as the last finished write left it."""
        return self.items.get(item_id)

    def update(
        self,
        item_id: str,
        attributes: Attributes,
        *,
        mode: Mode = "replace",
        expected_version: int | None = None,
    ) -> Item:
        """Replace the item's attributes or merge these into them, making a new version."""
        # The item it would be by itself; what a merge adds to is for the table to judge.
        item = _checked(item_id, attributes)
        return self.items.change(item, mode=mode, expected_version=expected_version)

    def delete(self, item_id: str) -> Item:
        """Remove the item and return what it was."""
        return self.items.remove(item_id)

    def list_page(
        self, *, limit: int, cursor: str | None = None, segment: int | None = None
    ) -> tuple[list[Item], str | None]:
        """Return a page, the oldest items first, and the cursor of the next, None at the end."""
        # A cursor of a segment is good for no other.
        cursors = replace(self.cursors, list_name=f"{self.cursors.list_name}#{segment}")
        after = cursors.read(cursor) if cursor else None
        items, last = self.items.page(limit=limit, after=after, segment=segment)
        return items, cursors.sign(last) if last else None


def _checked(item_id: str, attributes: Attributes) -> Item:
    """Make an item's first version, if DynamoDB can hold it."""
    now = timestamp()
    item = Item(id=item_id, attributes=attributes, version=1, created_at=now, updated_at=now)
    models.check(item)
    return item


def item_services(
    table_name: str, secret: ApplicationSecret
) -> Callable[[str | None], ItemService]:
    """Give each owner's items, or with None those of a table without owners, over one client."""
    client, keys = aws.client("dynamodb"), KeyRing(secret.load)

    def service_of(owner: str | None) -> ItemService:
        # A cursor names its list: one owner's is worth nothing to another.
        list_name = f"{table_name}/{owner}" if owner else table_name
        return ItemService(ListedItems(client, table_name, owner), Cursors(keys, list_name))

    return service_of
