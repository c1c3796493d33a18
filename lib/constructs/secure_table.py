"""DynamoDB table."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment
from lib.permissions import allow


class SecureTable(dynamodb.Table):
    """A table that is paid by request and can be restored to any second of the last 35 days.

    Fixed: keys are texts; encrypted with the stack's key, point-in-time recovery, on demand; an
    index of keys alone, of the items that have its two attributes.
    Defaults: CloudFormation names it; retained and protected from deletion where data is kept,
    else deleted with the stack.
    Permissions: `allow_item_access` and `allow_checking`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: str,
        sort_key: str | None = None,
        table_name: str | None = None,
    ) -> None:
        environment = Environment.of(scope)
        super().__init__(
            scope,
            construct_id,
            table_name=table_name,
            partition_key=_text(partition_key),
            sort_key=_text(sort_key) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=EncryptionKey.of(scope),
            point_in_time_recovery_specification={"point_in_time_recovery_enabled": True},
            deletion_protection=environment.protects_data,
            removal_policy=environment.removal_policy,
        )
        self.add_global_secondary_index(
            index_name="listed",
            partition_key=_text("listed_in"),
            sort_key=_text("listed_at"),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        # With a sort key, a list is of one partition: nobody need read the others.
        self._list_action = "dynamodb:Query" if sort_key else "dynamodb:Scan"

    def allow_item_access(self) -> list[iam.PolicyStatement]:
        """Return the permissions to create, read, list, change and delete items."""
        on_items = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem")
        actions = [f"dynamodb:{name}" for name in on_items]
        return [
            allow("Items", *actions, self._list_action, on=self.table_arn),
            allow("ItemsInOrder", "dynamodb:Query", on=f"{self.table_arn}/index/listed"),
        ]

    def allow_checking(self) -> iam.PolicyStatement:
        """Return the permission to see whether the table is there and active."""
        return allow("Table", "dynamodb:DescribeTable", on=self.table_arn)


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
