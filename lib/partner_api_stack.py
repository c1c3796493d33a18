"""CloudFormation stack of the partner API: a REST API for machines of other companies."""

import json
from pathlib import Path
from typing import Any

from aws_cdk import StackProps
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.gradual_release import GradualRelease
from lib.constructs.keyed_rest_api import KeyedRestApi
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.signal_dashboard import SignalDashboard
from lib.constructs.web_acl import IN_BODIES, WebAcl
from lib.partner.audit_trail import AuditTrail
from lib.partner.service import PartnerFunction
from lib.partner.settings import PartnerSettings
from lib.product_stack import ProductStack

# Generated from docs/api/partner.openapi.json by `make generate`.
_SCHEMAS_FILE = Path(__file__).with_name("partner") / "request_schemas.json"
SCHEMAS = json.loads(_SCHEMAS_FILE.read_text("utf-8"))
_PAGE = [f"querystring.{name}" for name in ("cursor", "limit", "segment")]


class PartnerApiStack(ProductStack):
    """Items in a table of their own, a metered API before them, a trail of every request.

    Takes what every `ProductStack` takes, and the settings of the partner API; when they are
    omitted, those of the app's context.
    """

    DESCRIPTION = "TAP: the partner API"
    KEY_NAME = "partner"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        settings: PartnerSettings | None = None,
        **given: Any,
    ) -> None:
        super().__init__(scope, construct_id, props, **given)
        settings = settings or PartnerSettings.resolve(scope.node)
        cursors = RotatedSecret(
            self,
            "CursorSecret",
            description="Signs the pagination cursors of the partner API",
            rotation_name="partner-secret-rotation",
            username="partner-api",
        )
        # Each API key has a partition of its own: see docs/decisions/partner-owners.md.
        self.items = SecureTable(self, "OwnedItems", partition_key="owner", sort_key="id")
        backup = DailyBackup(self, "Backup", of=self.items)
        self.audit = AuditTrail(self, "Audit", access_logs=AccessLogBucket(self, "AccessLogs"))
        self.function = PartnerFunction(
            self, "Api", items=self.items, cursor_secret=cursors, audit=self.audit
        )
        self.api = api = KeyedRestApi(
            self,
            "Rest",
            name="partner-api",
            requests_per_second=settings.requests_per_second,
            schemas=SCHEMAS,
        )
        api.route("GET", "/", self.function)
        api.route("GET", "/health", self.function)
        api.route("GET", "/items", self.function, parameters=_PAGE)
        api.route("POST", "/items", self.function, body="PartnerItemCreate")
        api.route("GET", "/items/{id}", self.function)
        replaced: dict[str, Any] = {"body": "PartnerItemReplace", "parameters": ["header.If-Match"]}
        api.route("PUT", "/items/{id}", self.function, **replaced)
        api.route("DELETE", "/items/{id}", self.function)
        key, plan = api.add_key(
            Construct(self, "Partner"), requests_per_day=settings.requests_per_day
        )
        firewall = WebAcl(
            self,
            "Firewall",
            guards="REGIONAL",
            log_name=self.stack_name,
            secret_headers=["x-api-key"],
            counted=IN_BODIES,
        )
        firewall.associate(self.api.stage)
        alarms = ServiceAlarms(
            self,
            "Alarms",
            api=self.api.rest_api,
            functions=[self.audit.writer],
            rare=[cursors.rotation],
            backup=backup,
            tables=[self.items],
        )
        # Partners see a single error, and retry.
        alarms.watch_function(self.function, errors=5, periods=2)
        self.audit.watch(alarms, sender=self.function)
        GradualRelease(self, "Release", of=[self.function, self.audit.writer], alarms=alarms)
        SignalDashboard(self, "Dashboard", alarms=alarms)
        audit, rest_api = self.audit, self.api.rest_api
        unwritten = audit.dead_letters.queue_url
        self.add_outputs(
            ApiGatewayUrl=(rest_api.url, "Address of the partner API"),
            ApiKeyId=(key.key_id, "The partner's API key"),
            WAFWebAclArn=(firewall.arn, "Firewall before the API"),
            LambdaFunctionName=(self.function.name, "Function that serves the API"),
            LogsBucketName=(audit.bucket.bucket_name, "Bucket of the audit trail"),
            RestApiId=(rest_api.rest_api_id, "The REST API"),
            UsagePlanId=(plan.usage_plan_id, "How much the key may be used"),
            AuditQueueUrl=(audit.queue.queue_url, "Queue that takes audit records"),
            AuditDeadLetterQueueUrl=(unwritten, "Audit records that could not be written"),
            AuditWriterFunctionName=(audit.writer.name, "Function that writes the audit trail"),
            DynamoDBTableName=(self.items.table_name, "Table of the items"),
            SecretArn=(cursors.secret.secret_arn, "Secret that signs cursors"),
        )
