"""The use cases of items, one verb each. Knows neither HTTP nor AWS."""

from dataclasses import dataclass

from services.shared.ids import new_id
from services.shared.items import models
from services.shared.items.cursors import Cursors
from services.shared.items.models import Attributes, Item
from services.shared.items.repository import Items, Mode
from services.shared.timestamps import timestamp


@dataclass(frozen=True, slots=True)
class ItemService:
    """What can be done with items, wherever they are kept."""

    items: Items
    cursors: Cursors

    def create(self, attributes: Attributes, item_id: str | None = None) -> Item:
        """Keep a new item, under a new sortable id when none is given."""
        now = timestamp()
        item = Item(
            id=item_id or new_id(),
            attributes=attributes,
            version=1,
            created_at=now,
            updated_at=now,
        )
        models.check(item)
        self.items.add(item)
        return item

    def read(self, item_id: str) -> Item:
        """The item as the last finished write left it."""
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
        now = timestamp()
        # The item it would be by itself; what a merge adds to is for the table to judge.
        models.check(
            Item(id=item_id, attributes=attributes, version=1, created_at=now, updated_at=now)
        )
        return self.items.change(
            item_id, attributes, mode=mode, updated_at=now, expected_version=expected_version
        )

    def delete(self, item_id: str) -> Item:
        """Forget the item; answers what it was."""
        return self.items.remove(item_id)

    def list_page(self, *, limit: int, cursor: str | None = None) -> tuple[list[Item], str | None]:
        """A page of items in no order to rely on, and the cursor of the next, None at the end."""
        after = self.cursors.read(cursor) if cursor else None
        items, last_id = self.items.page(limit=limit, after=after)
        return items, self.cursors.sign(last_id) if last_id else None
