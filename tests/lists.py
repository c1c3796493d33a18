"""Items as a version kept them that knew of no list in order."""

from collections.abc import Iterable
from typing import Any

from tests.deployment import Deployment

SEGMENTS = range(8)


def make_old(
    deployment: Deployment, table: str, ids: Iterable[str], owner: str | None = None
) -> None:
    """Take from items their places in their list, and the mark that says that all have theirs."""
    tables = deployment.client("dynamodb")
    of_owner: dict[str, Any] = {"owner": {"S": owner}} if owner else {}
    for item_id in ids:
        tables.update_item(
            TableName=table,
            Key={**of_owner, "id": {"S": item_id}},
            UpdateExpression="REMOVE listed_in, listed_at",
            ConditionExpression="attribute_exists(listed_in)",
        )
    tables.delete_item(TableName=table, Key={**of_owner, "id": {"S": "#placed"}})
