"""PartnerApiStack: the REST API for machines of other companies."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack, StackProps
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.keyed_rest_api import KeyedRestApi, RequestModel
from lib.constructs.metered_key import MeteredKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.constructs.signal_dashboard import SignalDashboard
from lib.constructs.web_firewall import LOG_GROUP_PREFIX, WebFirewall
from lib.environment import Environment
from lib.partner.audit_trail import AuditTrail
from lib.partner.request_schemas import request_schema
from lib.stack_props import all_props, hold_flags, settled


class PartnerApiStack(Stack):
    """Items in a table of their own, a metered API before them, a trail of every request.

    Args:
        scope: The app.
        construct_id: The stack's id.
        props: Any of `StackProps`.
        environment: The settings. When omitted, those that the app's context and the variables
            of its environment say.
        **stack_props: Any of `StackProps`, before those of `props`.

    Attributes:
        api: The REST API.
        audit: The trail.
        function: Serves the API.
        items: Holds the items.
        kms_key: Encrypts everything at rest.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        environment: Environment | None = None,
        **stack_props: Any,
    ) -> None:
        environment = settled(scope, props, environment)
        super().__init__(
            scope,
            construct_id,
            **all_props(environment, "TAP: the partner API", props, stack_props),
        )
        hold_flags(self)
        suffix = environment.suffix
        self.kms_key = EncryptionKey(
            self,
            "Key",
            environment=environment,
            alias=f"alias/tap-partner-key-{suffix}",
            log_groups=[
                f"{LOG_GROUP_PREFIX}{self.stack_name}",
                "API-Gateway-Execution-Logs_*",
            ],
        )
        cursors = RotatedSecret(
            self,
            "CursorSecret",
            environment=environment,
            description="Signs the pagination cursors of the partner API",
            rotation_name=f"tap-partner-secret-rotation-{suffix}",
            username="partner-api",
            key=self.kms_key,
        )
        self.items = SecureTable(
            self,
            "OwnedItems",
            environment=environment,
            # Each API key has a partition of its own: see docs/decisions/partner-owners.md.
            partition_key=dynamodb.Attribute(name="owner", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            key=self.kms_key,
        )
        DailyBackup(self, "Backup", environment=environment, key=self.kms_key, of=self.items)
        self.audit = AuditTrail(
            self,
            "Audit",
            environment=environment,
            key=self.kms_key,
            access_logs=AccessLogBucket(self, "AccessLogs", environment=environment),
        )
        self.function = ServiceFunction(
            self,
            "Api",
            environment=environment,
            service="partner_api",
            function_name=f"tap-partner-api-{suffix}",
            key=self.kms_key,
            settings={
                "ITEMS_TABLE_NAME": self.items.table_name,
                "CURSOR_SECRET_ARN": cursors.secret.secret_arn,
                "AUDIT_QUEUE_URL": self.audit.queue.queue_url,
                "ALLOWED_ORIGINS": ",".join(environment.allowed_origins),
            },
            permissions=[
                self.items.keep_items(),
                iam.PolicyStatement(
                    sid="CursorSecret",
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[cursors.secret.secret_arn],
                ),
                self.audit.send(),
                iam.PolicyStatement(
                    sid="CheckTable",
                    actions=["dynamodb:DescribeTable"],
                    resources=[self.items.table_arn],
                ),
                iam.PolicyStatement(
                    sid="CheckAudit",
                    actions=["sqs:GetQueueAttributes"],
                    resources=[self.audit.queue.queue_arn],
                ),
                self.kms_key.use_through("dynamodb", "sqs"),
                self.kms_key.decrypt_through("secretsmanager"),
            ],
            memory_mb=512,
            timeout=Duration.seconds(29),
        )
        self.api = self._make_api(environment)
        key = MeteredKey(self, "Partner", environment=environment, api=self.api)
        firewall = WebFirewall(
            self, "Firewall", environment=environment, key=self.kms_key, stage=self.api.stage
        )
        self._watch(environment, cursors)

        outputs = {
            "ApiGatewayUrl": (self.api.api.url, "Address of the partner API"),
            "ApiKeyId": (key.key.key_id, "The partner's API key"),
            "WAFWebAclArn": (firewall.acl.attr_arn, "Firewall before the API"),
            "LambdaFunctionName": (
                self.function.function.function_name,
                "Function that serves the API",
            ),
            "LogsBucketName": (self.audit.bucket.bucket_name, "Bucket of the audit trail"),
            "RestApiId": (self.api.api.rest_api_id, "The REST API"),
            "UsagePlanId": (key.plan.usage_plan_id, "How much the key may be used"),
            "AuditQueueUrl": (self.audit.queue.queue_url, "Queue that takes audit records"),
            "AuditDeadLetterQueueUrl": (
                self.audit.dead_letters.queue_url,
                "Audit records that could not be written",
            ),
            "AuditWriterFunctionName": (
                self.audit.writer.function.function_name,
                "Function that writes the audit trail",
            ),
            "DynamoDBTableName": (self.items.table_name, "Table of the items"),
            "SecretArn": (cursors.secret.secret_arn, "Secret that signs cursors"),
        }
        for name, (value, description) in outputs.items():
            CfnOutput(self, name, value=value, description=description)

    def _make_api(self, environment: Environment) -> KeyedRestApi:
        api = KeyedRestApi(
            self,
            "Rest",
            environment=environment,
            api_name=f"tap-partner-api-{environment.suffix}",
            encryption_key=self.kms_key,
        )
        api.route("GET", "/", self.function)
        api.route("GET", "/health", self.function)
        api.route(
            "GET", "/items", self.function, parameters=["querystring.cursor", "querystring.limit"]
        )
        api.route("POST", "/items", self.function, body=_model("PartnerItemCreate"))
        api.route("GET", "/items/{id}", self.function)
        api.route(
            "PUT",
            "/items/{id}",
            self.function,
            body=_model("PartnerItemReplace"),
            parameters=["header.If-Match"],
        )
        api.route("DELETE", "/items/{id}", self.function)
        return api

    def _watch(self, environment: Environment, cursors: RotatedSecret) -> None:
        alarms = ServiceAlarms(
            self,
            "Alarms",
            environment=environment,
            key=self.kms_key,
            api=self.api.api,
            functions=[self.audit.writer],
            rare=[cursors.rotation],
        )
        # Partners retry: a single error is theirs to see, five in each of two periods are ours.
        alarms.watch_function(self.function, errors=5, periods=2)
        audit = self.audit
        alarms.watch(
            "AuditDeadLetters",
            audit.dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            1,
        )
        alarms.watch(
            "AuditAgeSeconds",
            audit.queue.metric_approximate_age_of_oldest_message(statistic="Maximum"),
            300,
        )
        alarms.watch(
            "AuditUndelivered",
            self.function.metric("AuditUndelivered"),
            1,
        )
        SignalDashboard(self, "Dashboard", alarms=alarms.alarms)


def _model(component: str) -> RequestModel:
    return RequestModel(component, request_schema("partner", component))
