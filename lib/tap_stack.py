"""TapStack: the serverless application."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack, StackProps
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk.aws_apigatewayv2 import HttpMethod
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.jwt_http_api import JwtHttpApi
from lib.constructs.machine_identity import MachineIdentity
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment

SCOPES = {
    "items.read": "Read and list items, download files",
    "items.write": "Create, update and delete items",
    "files.write": "Upload files",
}


class TapStackProps(StackProps):
    """What a caller may decide about a TapStack.

    Args:
        environment_suffix: Ends every physical name; see `Environment` for what goes when omitted.
        **stack_props: Any of `StackProps`. Without `env` the stack deploys to any account and
            region; termination protection is on where data is kept, unless given.
    """

    def __init__(self, *, environment_suffix: str | None = None, **stack_props: Any) -> None:
        super().__init__(**stack_props)
        self.environment_suffix = environment_suffix


class TapStack(Stack):
    """Items in a table, files in a bucket, an API before them and the health of it all.

    Attributes:
        kms_key: Encrypts everything at rest.
        secret: Signs the API's pagination cursors.
        dynamodb_table: Holds the items.
        s3_bucket: Holds the files.
        lambda_role: What the API function may do.
        environment_suffix: The suffix that was resolved.
    """

    def __init__(
        self, scope: Construct, construct_id: str, props: TapStackProps | None = None
    ) -> None:
        props = props or TapStackProps()
        environment = Environment.resolve(scope.node, suffix=props.environment_suffix)
        super().__init__(
            scope,
            construct_id,
            env=props.env,
            stack_name=props.stack_name,
            description=props.description or "TAP: the serverless application",
            tags=props.tags,
            synthesizer=props.synthesizer,
            termination_protection=(
                environment.keeps_data
                if props.termination_protection is None
                else props.termination_protection
            ),
        )
        suffix = environment.suffix
        self.environment_suffix = suffix

        self.kms_key = EncryptionKey(
            self, "Key", environment=environment, alias=f"alias/tap-application-key-{suffix}"
        )
        rotated = RotatedSecret(
            self,
            "CursorSecret",
            environment=environment,
            secret_name=f"tap-application-secrets-{suffix}",
            username="admin",
            key=self.kms_key,
        )
        self.secret = rotated.secret
        self.dynamodb_table = SecureTable(
            self,
            "Items",
            environment=environment,
            table_name=f"tap-data-table-{suffix}",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            key=self.kms_key,
        )
        DailyBackup(
            self,
            "Backup",
            environment=environment,
            key=self.kms_key,
            table=self.dynamodb_table,
        )
        self.s3_bucket = SecureBucket(
            self,
            "Files",
            environment=environment,
            bucket_name=f"tap-storage-bucket-{suffix}-{self.account}-{self.region}",
            key=self.kms_key,
            access_logs=AccessLogBucket(self, "AccessLogs", environment=environment),
        )
        identity = MachineIdentity(
            self,
            "Identity",
            environment=environment,
            domain_prefix=f"tap-{suffix}-{self.account}",
            identifier="tap",
            scopes=SCOPES,
        )
        api_function = ServiceFunction(
            self,
            "Api",
            environment=environment,
            service="items_api",
            function_name=f"tap-api-function-{suffix}",
            key=self.kms_key,
            settings={
                "ITEMS_TABLE_NAME": self.dynamodb_table.table_name,
                "FILES_BUCKET_NAME": self.s3_bucket.bucket_name,
                "CURSOR_SECRET_ARN": self.secret.secret_arn,
                "RESOURCE_SERVER_ID": "tap",
            },
            permissions=self._serve_items(),
            memory_mb=512,
            timeout=Duration.seconds(29),
        )
        self.lambda_role = api_function.role
        health_function = ServiceFunction(
            self,
            "Health",
            environment=environment,
            service="health",
            function_name=f"tap-health-function-{suffix}",
            key=self.kms_key,
            settings={
                "ITEMS_TABLE_NAME": self.dynamodb_table.table_name,
                "FILES_BUCKET_NAME": self.s3_bucket.bucket_name,
            },
            permissions=self._check_health(),
        )
        api = JwtHttpApi(
            self,
            "HttpApi",
            environment=environment,
            api_name=f"tap-http-api-{suffix}",
            identity=identity,
            key=self.kms_key,
        )
        api.route(HttpMethod.POST, "/api", api_function)
        api.route(HttpMethod.GET, "/health", health_function, public=True)
        api.route(HttpMethod.GET, "/health/details", health_function)
        ServiceAlarms(
            self,
            "Alarms",
            environment=environment,
            key=self.kms_key,
            api=api,
            functions=[api_function, health_function, rotated.rotation],
        )

        outputs = {
            "ApiEndpoint": api.api_endpoint,
            "S3BucketName": self.s3_bucket.bucket_name,
            "DynamoDBTableName": self.dynamodb_table.table_name,
            "SecretArn": self.secret.secret_arn,
            "KMSKeyId": self.kms_key.key_id,
            "UserPoolId": identity.user_pool.user_pool_id,
            "UserPoolClientId": identity.client.user_pool_client_id,
            "TokenUrl": identity.token_url,
            "ApiFunctionName": api_function.function.function_name,
            "HealthFunctionName": health_function.function.function_name,
            "HttpApiId": api.api_id,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _serve_items(self) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(
                sid="Items",
                actions=[
                    "dynamodb:DeleteItem",
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:Scan",
                    "dynamodb:UpdateItem",
                ],
                resources=[self.dynamodb_table.table_arn],
            ),
            iam.PolicyStatement(
                sid="Files",
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[self.s3_bucket.arn_for_objects("uploads/*")],
            ),
            iam.PolicyStatement(
                sid="CursorSecret",
                actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                resources=[self.secret.secret_arn],
            ),
            self.kms_key.use_through("dynamodb", "s3", "secretsmanager"),
        ]

    def _check_health(self) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(
                sid="Table",
                actions=["dynamodb:DescribeTable"],
                resources=[self.dynamodb_table.table_arn],
            ),
            iam.PolicyStatement(
                sid="Bucket", actions=["s3:ListBucket"], resources=[self.s3_bucket.bucket_arn]
            ),
        ]
