"""Items on AWS: their use cases over a DynamoDB table."""

from collections.abc import Callable

from services.shared import aws
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.repository import DynamoItems
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService


def item_services(
    table_name: str, secret: ApplicationSecret
) -> Callable[[str | None], ItemService]:
    """Give each owner's items, or with None those of a table without owners, over one client."""
    client, keys = aws.client("dynamodb"), KeyRing(secret.load)

    def service_of(owner: str | None) -> ItemService:
        # A cursor names its list: one owner's is worth nothing to another.
        list_name = f"{table_name}/{owner}" if owner else table_name
        return ItemService(DynamoItems(client, table_name, owner), Cursors(keys, list_name))

    return service_of
