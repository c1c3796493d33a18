"""CloudFormation stack of the items API."""

from typing import Any

from aws_cdk import StackProps
from aws_cdk.aws_apigatewayv2 import HttpMethod
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.gradual_release import GradualRelease
from lib.constructs.machine_identity import MachineIdentity
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.secure_http_api import SecureHttpApi
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.signal_dashboard import SignalDashboard
from lib.items.service import ItemsService
from lib.product_stack import ProductStack

SCOPES = {
    "items.read": "Read and list items, download files",
    "items.write": "Create, update and delete items",
    "files.write": "Upload files",
}
_HEALTH = (
    "Public on purpose: load balancers and people ask it without a token, and it says no more "
    "than up or down."
)


class TapStackProps(StackProps):
    """Any of `StackProps`, and the suffix of every physical name (see `Environment`)."""

    def __init__(self, environment_suffix: str | None = None, **stack_props: Any) -> None:
        super().__init__(**stack_props)
        self.environment_suffix = environment_suffix


class TapStack(ProductStack):
    """Items in a table, files in a bucket, an API before them and the health of it all.

    Takes what every `ProductStack` takes; `lambda_role` says what the API function may do, `secret`
    signs its pagination cursors.
    """

    DESCRIPTION = "TAP: the serverless application"
    KEY_NAME = "application"

    def __init__(
        self, scope: Construct, construct_id: str, props: TapStackProps | None = None, **given: Any
    ) -> None:
        super().__init__(scope, construct_id, props, **given)
        named = self.shared.named
        cursors = RotatedSecret(
            self,
            "CursorSecret",
            description="Signs the pagination cursors of the items API",
            secret_name=named("application-secrets"),
            rotation_name="secret-rotation",
            username="admin",
        )
        self.secret = cursors.secret
        self.dynamodb_table = SecureTable(
            self, "Items", table_name=named("data-table"), partition_key="id"
        )
        backup = DailyBackup(self, "Backup", of=self.dynamodb_table)
        self.s3_bucket = SecureBucket(
            self,
            "Files",
            bucket_name=f"{named('storage-bucket')}-{self.account}-{self.region}",
            access_logs=AccessLogBucket(self, "AccessLogs"),
        )
        identity = MachineIdentity(self, "Identity", identifier="tap", scopes=SCOPES)
        service = ItemsService(
            self,
            "Service",
            table=self.dynamodb_table,
            bucket=self.s3_bucket,
            cursor_secret=cursors,
            resource_server_id="tap",
        )
        self.lambda_role = service.api.role
        api = SecureHttpApi(
            self, "HttpApi", name="http-api", identity=identity, origins=self.shared.allowed_origins
        )
        api.route(HttpMethod.POST, "/api", service.api)
        api.route(HttpMethod.GET, "/health", service.health, public_because=_HEALTH)
        api.route(HttpMethod.GET, "/health/details", service.health)
        alarms = ServiceAlarms(
            self,
            "Alarms",
            api=api,
            functions=[service.api, service.health],
            rare=[cursors.rotation],
            backup=backup,
            tables=[self.dynamodb_table],
        )
        GradualRelease(self, "Release", of=[service.api, service.health], alarms=alarms)
        SignalDashboard(self, "Dashboard", alarms=alarms)
        self.add_outputs(
            ApiEndpoint=(api.api_endpoint, "Address of the HTTP API"),
            S3BucketName=(self.s3_bucket.bucket_name, "Bucket of the files"),
            DynamoDBTableName=(self.dynamodb_table.table_name, "Table of the items"),
            SecretArn=(self.secret.secret_arn, "Secret that signs cursors"),
            KMSKeyId=(self.kms_key.key_id, "Key that encrypts everything at rest"),
            UserPoolId=(identity.user_pool.user_pool_id, "Issuer of the tokens"),
            UserPoolClientId=(identity.client.user_pool_client_id, "Client that asks for tokens"),
            TokenUrl=(identity.token_url, "Where tokens are had"),
            ApiFunctionName=(service.api.name, "Function that serves POST /api"),
            HealthFunctionName=(service.health.name, "Function that serves GET /health"),
            HttpApiId=(api.api_id, "The HTTP API"),
        )
