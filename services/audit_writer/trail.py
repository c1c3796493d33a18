"""Audit trail in S3: one object for each record, by day, whose key only the record decides.

Why not one object for a batch: SQS may deliver a message again with other messages, and the sender
may send a record again when an answer was lost. A key made of the batch would then be a new one,
and the trail would hold the record twice. See docs/decisions/audit-trail.md.
"""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.audit.record import AuditRecord


def key_of(record: AuditRecord) -> str:
    """Make the object's key: the day of the record's own time, then the record's id."""
    # Record ids sort by time, so a day's objects are listed in the order of their requests.
    year, month, day = record.time[:10].split("-")
    return f"api-logs/year={year}/month={month}/day={day}/{record.record_id}.ndjson"


@dataclass(frozen=True, slots=True)
class BucketTrail:
    """The trail in an S3 bucket, as newline-delimited JSON."""

    client: aws.Client
    bucket_name: str

    def keep(self, record: AuditRecord) -> None:
        """Put the object, on condition that the key is free: what is kept is never changed."""
        try:
            self.client.put_object(
                Bucket=self.bucket_name,
                Key=key_of(record),
                Body=f"{record.to_json()}\n".encode(),
                ContentType="application/x-ndjson",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if aws.code_of(error) != "PreconditionFailed":
                raise
