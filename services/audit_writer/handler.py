"""SQS function that writes batches of audit records to the audit trail.

Each message stands for itself: those that could not be kept are reported, come again, and end in
the dead-letter queue when they never can be. The others are done.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.audit_writer.trail import BucketTrail
from services.shared import aws
from services.shared.audit.record import NotARecord, read_record
from services.shared.function import entry_point, from_environment
from services.shared.telemetry import logger

Message = dict[str, Any]

_SIDE_BY_SIDE = 10  # as many connections as a client keeps


def connect(*, logs_bucket_name: str) -> BucketTrail:
    """Make the trail on AWS."""
    return BucketTrail(aws.client("s3"), logs_bucket_name)


def keep(messages: Sequence[Message], trail: BucketTrail) -> list[str]:
    """Keep every message's record; return the ids of the messages that failed."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        reasons = pool.map(lambda message: _reason_to_fail(message, trail), messages)
        ids = [message["messageId"] for message in messages]
        failed = {each: reason for each, reason in zip(ids, reasons, strict=True) if reason}
    for message_id, reason in failed.items():
        # Nothing of the message itself: what is not a record may hold anything.
        logger.error("audit_message_failed", extra={"message_id": message_id, "reason": reason})
    logger.info("audit_batch", extra={"kept": len(messages) - len(failed), "failed": len(failed)})
    return list(failed)


def _reason_to_fail(message: Message, trail: BucketTrail) -> str | None:
    """Keep the message's record; return why it could not be, None when it was."""
    try:
        trail.keep(read_record(message["body"]))
    except NotARecord as error:
        return f"not a record: {error}"
    except Exception as error:  # noqa: BLE001  # its own fault
        return aws.name_of(error)
    return None


_trail = from_environment(connect, os.environ)


@entry_point
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Keep a batch of records; SQS delivers the messages named in the answer again."""
    failed = keep(event["Records"], _trail)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
