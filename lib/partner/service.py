"""Lambda function of the partner API."""

from aws_cdk import Duration
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.partner.audit_trail import AuditTrail


class PartnerFunction(ServiceFunction):
    """The function that serves the partner API.

    Fixed: it reads and writes items, reads the cursor secret, sends records to the audit trail,
    sees whether table and queue are there, and nothing else; 29 seconds, as long as API Gateway
    waits.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        items: SecureTable,
        cursor_secret: RotatedSecret,
        audit: AuditTrail,
    ) -> None:
        key = EncryptionKey.of(scope)
        super().__init__(
            scope,
            construct_id,
            service="partner_api",
            name="partner-api",
            settings={
                "ITEMS_TABLE_NAME": items.table_name,
                "CURSOR_SECRET_ARN": cursor_secret.secret.secret_arn,
                "AUDIT_QUEUE_URL": audit.queue.queue_url,
                "ALLOWED_ORIGINS": ",".join(Environment.of(scope).allowed_origins),
            },
            permissions=[
                *items.allow_item_access(),
                cursor_secret.allow_reading(),
                audit.allow_sending(),
                items.allow_checking(),
                audit.allow_checking(),
                key.allow_use_via("dynamodb", "sqs"),
                key.allow_decryption_via("secretsmanager"),
            ],
            memory_mb=512,
            timeout=Duration.seconds(29),
        )
