"""SQS function that writes batches of audit records to the audit trail.

Messages that are no records, or whose object could not be put, are reported, come again, and end in
the dead-letter queue when they never can be kept. The others are done.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.audit_writer.trail import BucketTrail
from services.shared import aws
from services.shared.audit.record import AuditRecord, NotARecord, read_record
from services.shared.function import entry_point
from services.shared.telemetry import logger

Message = dict[str, Any]


def connect(*, logs_bucket_name: str) -> BucketTrail:
    """Make the trail on AWS."""
    return BucketTrail(aws.client("s3"), logs_bucket_name)


def keep(messages: Sequence[Message], trail: BucketTrail) -> list[str]:
    """Keep every message's record; return the ids of the messages that failed."""
    failed: dict[str, str] = {}
    days: defaultdict[str, dict[str, AuditRecord]] = defaultdict(dict)
    for message in messages:
        try:
            record = read_record(message["body"])
            days[record.time[:10]][message["messageId"]] = record
        except Exception as error:  # noqa: BLE001  # its own fault, and not the others'
            known = isinstance(error, NotARecord)
            failed[message["messageId"]] = f"not a record: {error}" if known else aws.name_of(error)
    for sent in days.values():
        try:
            trail.keep({record.record_id: record for record in sent.values()})
        except Exception as error:  # noqa: BLE001  # of these records alone
            failed |= dict.fromkeys(sent, aws.name_of(error))
    for message_id, reason in failed.items():
        # Nothing of the message itself: what is not a record may hold anything.
        logger.error("audit_message_failed", extra={"message_id": message_id, "reason": reason})
    logger.info("audit_batch", extra={"kept": len(messages) - len(failed), "failed": len(failed)})
    return list(failed)


def handle(trail: BucketTrail, event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Keep a batch of records; SQS delivers the messages named in the answer again."""
    failed = keep(event["Records"], trail)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


lambda_handler = entry_point(connect, os.environ, handle)
