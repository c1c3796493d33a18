"""`tap audit`: read the partner API's audit trail."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cli import project, stacks, targets
from cli.console import emit, show
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json, Since, seconds
from cli.targets import Target

_KEPT_DAYS = 90
_COLUMNS = ("time", "method", "path", "status", "api_key_id", "source_ip", "latency_ms")


def audit(
    since: Since = "10m",
    as_json: Json = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Show the records of the partner API's audit trail, oldest first."""
    span = seconds(since)
    if span > _KEPT_DAYS * 86400:
        raise CliError(f"the trail goes {_KEPT_DAYS} days back, which is not as far as {since}")
    target = targets.find(home, aws=aws, context=context)
    start = datetime.fromtimestamp(time.time() - span, UTC)
    found = records(target, start)
    if as_json:
        emit(found)
        return
    rows = [[str(record.get(column, "-")) for column in _COLUMNS] for record in found]
    show(_COLUMNS, rows, title=f"{len(found)} records since {start:%Y-%m-%d %H:%M:%S} UTC")


def records(target: Target, start: datetime) -> list[dict[str, Any]]:
    """Read the records since a time, oldest first; one that came twice is there once."""
    bucket = target.stack(project.PARTNER).outputs["LogsBucketName"]
    found = {each["record_id"]: each for each in _written(target.clients("s3"), bucket, start)}
    return sorted(found.values(), key=lambda each: each["time"])


def _written(s3: Any, bucket: str, start: datetime) -> Iterator[dict[str, Any]]:
    day = start
    while day.date() <= datetime.now(UTC).date():
        prefix = f"api-logs/year={day:%Y}/month={day:%m}/day={day:%d}/"
        for item in stacks.pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix):
            if item["LastModified"] < start:
                continue
            lines = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
            for line in lines.splitlines():
                record = json.loads(line)
                if datetime.fromisoformat(record["time"]) >= start:
                    yield record
        day += timedelta(days=1)
