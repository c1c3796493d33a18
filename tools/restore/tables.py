"""DynamoDB table, restored to a point in time."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from cli import stacks
from cli.errors import CliError
from tools.restore.comparison import Reading


class Table:
    """A table; each item is a thing of its own, by its key."""

    kind = "table"

    def __init__(self, client: Any, name: str) -> None:
        self._client, self.name = client, name

    def latest(self) -> datetime:
        """Tell what DynamoDB says; raise `CliError` where point-in-time recovery is off."""
        told = self._client.describe_continuous_backups(TableName=self.name)
        recovery = told["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise CliError("its point-in-time recovery is off")
        found: datetime = recovery["LatestRestorableDateTime"]
        return found

    def read(self) -> Reading:
        """Read every item."""
        return self.read_copy(self.name)

    def restore(self, copy: str) -> None:
        """Ask DynamoDB; the copy has the source's indexes and its key."""
        self._client.restore_table_to_point_in_time(
            SourceTableName=self.name, TargetTableName=copy, UseLatestRestorableTime=True
        )

    def is_ready(self, copy: str) -> bool:
        """Tell whether the copy is active."""
        return bool(self._describe(copy)["TableStatus"] == "ACTIVE")

    def read_copy(self, copy: str) -> Reading:
        """Read every item, as it is at the end of all writes."""
        keys = [each["AttributeName"] for each in self._describe(copy)["KeySchema"]]
        found = stacks.pages(self._client, "scan", "Items", TableName=copy, ConsistentRead=True)
        return {_text({key: item[key] for key in keys}): (1, _digest(item)) for item in found}

    def remove(self, copy: str) -> bool:
        """Delete it as soon as it is made."""
        errors = self._client.exceptions
        try:
            self._client.delete_table(TableName=copy)
        except errors.ResourceNotFoundException:
            return True
        except errors.ResourceInUseException:
            pass  # it is being made, or deleted
        return False

    def _describe(self, name: str) -> dict[str, Any]:
        return dict(self._client.describe_table(TableName=name)["Table"])


def _digest(item: dict[str, Any]) -> str:
    return hashlib.sha256(_text(item).encode()).hexdigest()


def _text(item: dict[str, Any]) -> str:
    return json.dumps(_in_order(item), sort_keys=True)


def _in_order(value: Any) -> Any:
    """Write a value so that equal ones are equal texts: a set has no order."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_in_order(each) for each in value]
    if isinstance(value, dict):
        return {
            name: sorted(map(_in_order, each))
            if name in ("SS", "NS", "BS") and isinstance(each, list)
            else _in_order(each)
            for name, each in value.items()
        }
    return value
