"""What AWS does by itself as time passes, each minute of the clock that a drill puts forward.

Changes: Log groups lose events beyond their retention, buckets follow their lifecycles, secrets are
    rotated. DynamoDB deletes expired items, and S3 has its dates and Object Lock, by this clock.
    What takes AWS hours or days is done within a minute.
Original: Nothing but items expires, and no secret is rotated by itself. The clock is the machine's.
Fault: the emulator's; a thread like that of DynamoDB would follow retention and lifecycles.
Ours: the clock of a drill.
AWS:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
"""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ministack.services import dynamodb, s3

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.engine.log_streams import LogStreams
from localcloud.engine.rotation import rotate_due
from localcloud.lifecycle import fits, is_over
from localcloud.metrics.clock import MINUTE, Clock


class Upkeep:
    """Everything that becomes due."""

    def __init__(self, cloud: Cloud, logs: LogStreams) -> None:
        self._clock = Clock(cloud.home)
        self._done = self._clock.now()
        self._logs = logs
        self._lifecycles, self._buckets = need(s3, "_bucket_lifecycle"), need(s3, "_buckets")
        self._versions, self._tags = need(s3, "_object_versions"), need(s3, "_object_tags")
        self._uploads, self._delete = need(s3, "_multipart_uploads"), need(s3, "_delete_object")
        replace(dynamodb, "time", self._clock)
        replace(s3, "now_iso", self._now)

    def _now(self) -> str:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def turn(self) -> None:
        """Do what is due, once a minute."""
        self._clock.read()
        now = self._clock.now()
        if now >= self._done + MINUTE:
            self._done = now
            for _ in self.do_due(now):
                await asyncio.sleep(0)  # requests are served in between

    def do_due(self, now: float) -> Iterator[None]:
        """Do what is due at a time (seconds since 1970), piece by piece."""
        rotate_due(now)
        yield from self._logs.expire(now)
        for bucket, rules in self._lifecycles.items():
            for rule in rules:
                if rule["Status"] == "Enabled" and bucket in self._buckets:
                    self._follow(rule, bucket, now)
                yield

    def _follow(self, rule: dict[str, Any], bucket: str, now: float) -> None:
        """Delete what a rule says: current objects, versions replaced, uploads not completed."""

        def applies(key: str, found: dict[str, Any]) -> bool:
            tags = self._tags.get((bucket, key, found.get("version_id"))) or {}
            return fits(rule, key, size=found["size"], tags=tags)

        days = rule.get("Expiration", {}).get("Days")
        for key, found in list(self._buckets[bucket]["objects"].items()):
            if is_over(found["last_modified"], days, now) and applies(key, found):
                self._delete(bucket, key)  # or hides it, where versions are kept
        said = rule.get("NoncurrentVersionExpiration", {})
        for (of, key), versions in list(self._versions.items()):
            replaced = list(itertools.pairwise(versions)) if of == bucket else []
            for found, by in replaced[: len(replaced) - said.get("NewerNoncurrentVersions", 0)]:
                over = is_over(by["last_modified"], said.get("NoncurrentDays"), now)
                if over and applies(key, found):
                    self._delete(bucket, key, {}, {"versionId": found["version_id"]})
        days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
        for name, upload in list(self._uploads.items()):
            over = upload["bucket"] == bucket and is_over(upload["created"], days, now)
            if over and fits(rule, upload["key"], size=0, tags={}):
                del self._uploads[name]
