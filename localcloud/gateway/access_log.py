"""API access logs, in their log groups once the answer is sent."""

import logging
import time
from datetime import UTC, datetime

from ministack.services import cloudwatch_logs

from localcloud.engine.internals import need

_log = logging.getLogger(__name__)


def write(group: str, line: str) -> None:
    """Add one line to the day's stream of a log group."""
    now = time.time()
    stream = f"access-{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
    target = {"logGroupName": group, "logStreamName": stream}
    need(cloudwatch_logs, "_create_log_stream")(target)  # refused when it is there already
    events = [{"timestamp": int(now * 1000), "message": line}]
    status, _, body = need(cloudwatch_logs, "_put_log_events")(target | {"logEvents": events})
    if status != 200:
        _log.error("a line of the access log was not delivered: %s", body)
