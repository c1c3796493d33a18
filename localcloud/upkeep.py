"""What AWS does by itself once a day: rotate secrets, and delete what has expired.

It goes by the clock of the embedded cloud, which a drill can put forward by months.
"""

import asyncio
import logging
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import cloudwatch_logs, dynamodb, secretsmanager

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.metrics.clock import Clock, ClockedTime

DAY = 86_400
_RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")

_log = logging.getLogger(__name__)


class Upkeep:
    """The daily work of one embedded cloud.

    Raises:
        CloudError: The emulator is not the version this was written for.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clock = Clock.of(cloud.home)
        self._done = self._clock.now() // DAY
        self._groups = need(cloudwatch_logs, "_log_groups")
        self._secrets = need(secretsmanager, "_secrets")
        # The emulator deletes items by their time to live once a minute.
        replace(dynamodb, "time", ClockedTime(self._clock))

    async def watch(self) -> None:
        """Work at the beginning of each day, for as long as the process runs."""
        while True:
            await asyncio.sleep(1)
            today = self._clock.now() // DAY
            if today > self._done:
                self._done = today
                await asyncio.to_thread(self.work)

    def work(self) -> None:
        """Do all that is due; what fails does not keep the rest from being done."""
        now = self._clock.now()
        for each in (self._rotate, self._expire_logs, self._expire_objects):
            try:
                each(now)
            except (ClientError, BotoCoreError):
                _log.exception("daily upkeep was not done")

    def _rotate(self, now: float) -> None:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
        for secret in list(self._secrets.values()):
            due = next_rotation(secret)
            if due is not None and due <= now:
                self._cloud.client("secretsmanager").rotate_secret(SecretId=secret["ARN"])

    def _expire_logs(self, now: float) -> None:
        for group in list(self._groups.values()):
            if group.get("retentionInDays"):
                oldest = (now - group["retentionInDays"] * DAY) * 1000
                for stream in list(group["streams"].values()):
                    kept = [each for each in stream["events"] if each["timestamp"] >= oldest]
                    stream["events"][: len(stream["events"]) - len(kept)] = []

    def _expire_objects(self, now: float) -> None:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
        s3 = self._cloud.client("s3")
        for bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            try:
                rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
            except s3.exceptions.ClientError:
                continue  # has none
            for rule in rules:
                if rule["Status"] == "Enabled":
                    _expire(s3, bucket, rule, now)


def next_rotation(secret: dict[str, Any]) -> float | None:
    """When a secret is to be rotated next, in seconds since 1970; None for never.

    A schedule that is a `cron` expression is not followed.
    """
    rules = secret.get("RotationRules") or {}
    rate = _RATE.fullmatch(rules.get("ScheduleExpression") or "")
    seconds = int(rules.get("AutomaticallyAfterDays") or 0) * DAY
    if rate:
        seconds = int(rate[1]) * (DAY if rate[2] == "day" else 3600)
    since = secret.get("LastRotatedDate") or secret.get("RotationSince")
    return since + seconds if secret.get("RotationEnabled") and seconds and since else None


def _expire(s3: Any, bucket: str, rule: dict[str, Any], now: float) -> None:
    """Delete what a rule of a bucket says is too old."""
    chosen = rule.get("Filter") or {}
    prefix = chosen.get("Prefix", rule.get("Prefix", ""))
    if set(chosen) - {"Prefix"}:
        _log.warning("a lifecycle rule of %s by tags or sizes is not followed", bucket)
        return
    days = (rule.get("Expiration") or {}).get("Days")
    old_days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
    replaced: dict[str, float] = {}  # when what is newer of a key came
    for each in _versions(s3, bucket, prefix):
        key, came = each["Key"], each["LastModified"].timestamp()
        if each["IsLatest"] and "Size" in each and days and came + days * DAY <= now:
            s3.delete_object(Bucket=bucket, Key=key)
        if not each["IsLatest"] and old_days and replaced[key] + old_days * DAY <= now:
            s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])
        replaced[key] = came
    unfinished = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")
    for upload in _pages(s3, "list_multipart_uploads", "Uploads", Bucket=bucket, Prefix=prefix):
        if unfinished and upload["Initiated"].timestamp() + unfinished * DAY <= now:
            named = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
            s3.abort_multipart_upload(Bucket=bucket, **named)


def _versions(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """The versions and delete markers below a prefix, the newest of each key first."""
    where = {"Bucket": bucket, "Prefix": prefix}
    found = [
        each
        for kind in ("Versions", "DeleteMarkers")
        for each in _pages(s3, "list_object_versions", kind, **where)
    ]
    return sorted(found, key=lambda each: (not each["IsLatest"], -each["LastModified"].timestamp()))


def _pages(s3: Any, operation: str, items: str, **where: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator(operation).paginate(**where):
        yield from page.get(items, [])
