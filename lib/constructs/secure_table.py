"""DynamoDB table."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from lib.environment import Environment


class SecureTable(dynamodb.Table):
    """A table that is paid by request and can be restored to any second of the last 35 days.

    Fixed: keys are texts; encrypted with the given key, point-in-time recovery, on demand.
    Defaults: CloudFormation names it; retained and protected from deletion where data is kept,
    else deleted with the stack.
    Permissions: `allow_item_access` and `allow_checking`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        partition_key: str,
        sort_key: str | None = None,
        key: kms.IKey,
        table_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            table_name=table_name,
            partition_key=_text(partition_key),
            sort_key=_text(sort_key) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=environment.protects_data,
            removal_policy=environment.removal_policy,
        )
        # With a sort key, a list is of one partition: nobody need read the others.
        self._list_action = "dynamodb:Query" if sort_key else "dynamodb:Scan"

    def allow_item_access(self) -> iam.PolicyStatement:
        """Return the permission to create, read, list, change and delete single items."""
        return iam.PolicyStatement(
            sid="Items",
            actions=[
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                self._list_action,
                "dynamodb:UpdateItem",
            ],
            resources=[self.table_arn],
        )

    def allow_checking(self) -> iam.PolicyStatement:
        """Return the permission to see whether the table is there and active."""
        return iam.PolicyStatement(
            sid="Table", actions=["dynamodb:DescribeTable"], resources=[self.table_arn]
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
