"""Audit trail in S3: one object for the records of a batch, by day, named by the records alone.

A batch that comes again is the same object, which is there already. A record that comes again in
other company, as SQS may deliver it, is in two objects, and whoever reads the trail drops one: its
id tells. See docs/decisions/audit-trail.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.audit.record import AuditRecord


def key_of(records: Mapping[str, AuditRecord]) -> str:
    """Make the object's key: the day of the records, the first one's id, a hash of all ids."""
    # Record ids sort by time, so a day's objects are listed in the order of their first requests.
    first = min(records)
    year, month, day = records[first].time[:10].split("-")
    digest = hashlib.sha256("\n".join(sorted(records)).encode()).hexdigest()
    return f"api-logs/year={year}/month={month}/day={day}/{first}-{digest}.ndjson"


@dataclass(frozen=True, slots=True)
class BucketTrail:
    """The trail in an S3 bucket, as newline-delimited JSON."""

    client: aws.Client
    bucket_name: str

    def keep(self, records: Mapping[str, AuditRecord]) -> None:
        """Put the records of one day, by their ids, if their key is free: nothing is changed."""
        lines = "".join(f"{records[record_id].to_json()}\n" for record_id in sorted(records))
        try:
            self.client.put_object(
                Bucket=self.bucket_name,
                Key=key_of(records),
                Body=lines.encode(),
                ContentType="application/x-ndjson",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if aws.code_of(error) != "PreconditionFailed":
                raise
