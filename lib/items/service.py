"""What serves items and files, and tells whether it can."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


class ItemsService(Construct):
    """The API's function and the one that watches over its table and bucket.

    Fixed: a role each. The API function reads and writes items, objects below `uploads/` and
    nothing else, and reads the cursor secret; the health function reads that secret as well, and
    can look at table and bucket but read nothing in them, not even the names of files.

    Attributes:
        api: Serves the operations of `POST /api`.
        health: Serves `GET /health` and `GET /health/details`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: EncryptionKey,
        table: SecureTable,
        bucket: s3.IBucket,
        cursor_secret: secretsmanager.ISecret,
        resource_server_id: str,
    ) -> None:
        super().__init__(scope, construct_id)
        needed = {
            "ITEMS_TABLE_NAME": table.table_name,
            "FILES_BUCKET_NAME": bucket.bucket_name,
            "CURSOR_SECRET_ARN": cursor_secret.secret_arn,
        }
        self.api = ServiceFunction(
            self,
            "Api",
            environment=environment,
            service="items_api",
            function_name=f"tap-api-function-{environment.suffix}",
            key=key,
            settings={**needed, "RESOURCE_SERVER_ID": resource_server_id},
            permissions=[
                table.keep_items(),
                _keep_files(bucket),
                _read(cursor_secret, "secretsmanager:DescribeSecret"),
                key.use_through("dynamodb", "s3"),
                key.decrypt_through("secretsmanager"),
            ],
            memory_mb=512,
            timeout=Duration.seconds(29),
        )
        resource: Any = bucket.node.default_child
        bucket_id = Stack.of(self).get_logical_id(resource)
        acknowledge(
            self.api.policy,
            f"AwsSolutions-IAM5[Resource::<{bucket_id}.Arn>/uploads/*]",
            reason="Objects below one prefix of one bucket, whose names are made at run time.",
        )
        self.health = ServiceFunction(
            self,
            "Health",
            environment=environment,
            service="health",
            function_name=f"tap-health-function-{environment.suffix}",
            key=key,
            settings=needed,
            permissions=[
                *_check_health(table, bucket),
                _read(cursor_secret),
                key.decrypt_through("secretsmanager"),
            ],
        )


def _keep_files(bucket: s3.IBucket) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Files",
        actions=["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        resources=[bucket.arn_for_objects("uploads/*")],
    )


def _read(secret: secretsmanager.ISecret, *more: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="CursorSecret",
        actions=[*more, "secretsmanager:GetSecretValue"],
        resources=[secret.secret_arn],
    )


def _check_health(table: dynamodb.ITable, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="Table", actions=["dynamodb:DescribeTable"], resources=[table.table_arn]
        ),
        iam.PolicyStatement(
            sid="Bucket", actions=["s3:GetBucketLocation"], resources=[bucket.bucket_arn]
        ),
    ]
