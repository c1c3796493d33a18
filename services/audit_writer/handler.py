"""Takes batches of audit records from the queue and keeps each in the trail.

Each message stands for itself: those that could not be kept are reported, come again, and end in
the dead-letter queue when they never can be. The others are done.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.audit_writer.settings import Settings
from services.audit_writer.trail import BucketTrail
from services.shared import aws
from services.shared.audit.record import NotARecord, read_record
from services.shared.entry_point import entry_point
from services.shared.telemetry import logger

Message = dict[str, Any]

_SIDE_BY_SIDE = 10  # as many connections as a client keeps


def connect(settings: Settings) -> BucketTrail:
    """The trail on AWS."""
    return BucketTrail(aws.client("s3"), settings.logs_bucket_name)


def keep(messages: Sequence[Message], trail: BucketTrail) -> list[str]:
    """Keep every message's record; the ids of the messages that failed."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        reasons = list(pool.map(lambda message: _failure(message, trail), messages))
    failed = [
        (message["messageId"], reason)
        for message, reason in zip(messages, reasons, strict=True)
        if reason
    ]
    for message_id, reason in failed:
        # Nothing of the message itself: what is not a record may hold anything.
        logger.error("audit_message_failed", extra={"message_id": message_id, "reason": reason})
    logger.info("audit_batch", extra={"kept": len(messages) - len(failed), "failed": len(failed)})
    return [message_id for message_id, _ in failed]


def _failure(message: Message, trail: BucketTrail) -> str | None:
    """Why the message could not be kept, None when it was."""
    try:
        trail.keep(read_record(message["body"]))
    except NotARecord as error:
        return f"not a record: {error}"
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # its own fault
        return aws.name_of(error)
    return None


_trail = connect(Settings.from_env(os.environ))


@entry_point
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry point; SQS keeps the messages named in the answer."""
    failed = keep(event["Records"], _trail)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
