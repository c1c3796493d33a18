"""What functions of more than one stack may do, action by action."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager


def keep_items(table: dynamodb.ITable) -> iam.PolicyStatement:
    """Return the permission to create, read, list, change and delete the items of `table`."""
    return iam.PolicyStatement(
        sid="Items",
        actions=[
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ],
        resources=[table.table_arn],
    )


def read_cursor_secret(secret: secretsmanager.ISecret) -> iam.PolicyStatement:
    """Return the permission to read the secret that signs pagination cursors."""
    return iam.PolicyStatement(
        sid="CursorSecret",
        actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        resources=[secret.secret_arn],
    )
