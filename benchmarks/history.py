"""A past for an embedded cloud: items, and the logs that invocations leave."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.cloud import Cloud

_INVOKED = 3_000  # really; of the others there are the logs
_MADE = "2026-01-01T00:00:00.000000Z"
_BATCH = 500  # invocations in one call, which may hold 10,000 events


def add_items(cloud: Cloud, table: str, count: int) -> None:
    """Fill a table of the items API."""
    client = cloud.client("dynamodb")
    for first in range(0, count, 25):
        puts = [{"PutRequest": {"Item": _item(first + number)}} for number in range(25)]
        client.batch_write_item(RequestItems={table: puts})


def add_invocations(cloud: Cloud, group: str, call: Callable[..., None], count: int) -> None:
    """Invoke the items API; of as many invocations as would take too long, write the logs."""
    really = min(_INVOKED, count)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: call(operation="list", limit=1), range(really)))
    client = cloud.client("logs")
    for first in range(really, count, _BATCH):
        stream = {"logGroupName": group, "logStreamName": f"history-{first}"}
        client.create_log_stream(**stream)
        at = int(time.time() * 1000)
        lines = [line for number in range(_BATCH) for line in _lines(f"{first + number:036}")]
        events = [{"timestamp": at, "message": line} for line in lines]
        client.put_log_events(**stream, logEvents=events)


def _item(number: int) -> dict[str, Any]:
    attributes = {"name": {"S": "bench"}, "tags": {"L": [{"S": "a"}, {"S": "b"}]}}
    texts = {"id": f"bench-{number}", "created_at": _MADE, "updated_at": _MADE}
    kept = {name: {"S": text} for name, text in texts.items()}
    return kept | {"attributes": {"M": attributes}, "version": {"N": "1"}}


def _lines(identity: str) -> tuple[str, ...]:
    told = {"level": "INFO", "message": "request", "service": "tap-api", "id": identity}
    return (
        f"START RequestId: {identity} Version: $LATEST",
        json.dumps(told | {"padding": "x" * 130}),
        json.dumps(told | {"padding": "x" * 240}),
        f"END RequestId: {identity}",
        f"REPORT RequestId: {identity}\tDuration: 3 ms\tBilled Duration: 3 ms\tMemory Size: 256 MB",
    )
