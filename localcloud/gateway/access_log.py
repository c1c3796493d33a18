"""API access logs, delivered to their log groups after the answer."""

import asyncio
import logging
import time
from collections import defaultdict
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import Cloud

_DELIVERY_SECONDS = 0.25

_log = logging.getLogger(__name__)


class AccessLog:
    """Collects lines by log group and puts them every quarter of a second."""

    def __init__(self, cloud: Cloud):
        self._logs = cloud.client("logs")
        self._lines: dict[str, list[tuple[int, str]]] = defaultdict(list)

    def write(self, group: str, line: str) -> None:
        """Add one line to a log group, stamped with the present time."""
        self._lines[group].append((int(time.time() * 1000), line))

    async def deliver(self) -> None:
        """Deliver for as long as the process runs."""
        while True:
            await asyncio.sleep(_DELIVERY_SECONDS)
            waiting, self._lines = self._lines, defaultdict(list)
            for group, lines in waiting.items():
                await asyncio.to_thread(self._put, group, lines)

    def _put(self, group: str, lines: list[tuple[int, str]]) -> None:
        stream = "access-" + datetime.now(UTC).strftime("%Y-%m-%d")
        events = [{"timestamp": at, "message": line} for at, line in lines]
        target = {"logGroupName": group, "logStreamName": stream}
        try:
            try:
                self._logs.put_log_events(**target, logEvents=events)
            except self._logs.exceptions.ResourceNotFoundException:
                self._logs.create_log_stream(**target)
                self._logs.put_log_events(**target, logEvents=events)
        except (ClientError, BotoCoreError):
            _log.exception("%d access log lines of %s were not delivered", len(lines), group)
