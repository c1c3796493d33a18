"""Audit records on their way to the queue, which the audit writer empties into the trail.

Lambda freezes a function as soon as it has answered, so the record is sent before: one SendMessage,
which is quick, and not the S3 call that it spares the request.
"""

from dataclasses import dataclass
from decimal import Decimal

from services.partner_api import rest
from services.shared import aws, telemetry
from services.shared.audit.record import AuditRecord
from services.shared.http.requests import Event
from services.shared.http.text import plain
from services.shared.ids import new_id

UNDELIVERED = "audit_record_undelivered"


def connect(url: str) -> "AuditQueue":
    """Make the queue on AWS: three short attempts, since the caller waits for them."""
    config = aws.config(connect_timeout=0.5, read_timeout=1, attempts=3)
    return AuditQueue(aws.client("sqs", config), url)


def record_of(event: Event, status: int, began_at: str, seconds: float) -> AuditRecord:
    """Make the record of a request that was answered with this HTTP status in this time."""
    context = event["requestContext"]
    identity = context.get("identity") or {}
    return AuditRecord(
        record_id=new_id(),
        time=began_at,
        request_id=plain(context["requestId"], 128),
        method=event["httpMethod"],
        path=rest.path(event),
        status=status,
        api_key_id=identity.get("apiKeyId") or None,
        source_ip=plain(identity.get("sourceIp") or "", 64),
        user_agent=plain(identity.get("userAgent") or "", 256),
        latency_ms=Decimal(f"{seconds * 1000:.1f}"),
        stage=context["stage"],
    )


@dataclass(frozen=True, slots=True)
class AuditQueue:
    """SQS queue that the audit writer empties."""

    client: aws.Client
    url: str

    def send(self, record: AuditRecord) -> None:
        """Send the record, or else log it as it would have been sent, and count that."""
        # So it is never lost, an alarm rings, and the answer does not depend on the queue.
        try:
            self.client.send_message(QueueUrl=self.url, MessageBody=record.to_json())
        except Exception as error:  # noqa: BLE001  # see above
            told = {"audit_record": record.to_json(), "reason": aws.name_of(error)}
            telemetry.logger.error(UNDELIVERED, extra=told)
            telemetry.count("AuditUndelivered")
