"""`tap trace`: one request, wherever it left something."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import project, targets
from cli.commands.audit import records
from cli.console import emit, step, talk
from cli.errors import CliError
from cli.log_groups import Event, search, show_event, sources
from cli.options import Aws, Context, Home, Json, Since, seconds
from cli.targets import Target

_TRACE = re.compile(r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b")


def trace(
    request_id: Annotated[
        str, typer.Argument(help="An answer's `x-request-id`.", show_default=False)
    ],
    since: Since = "1h",
    as_json: Json = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Follow a request: what gateway, functions, audit trail and X-Ray have of it."""
    if not re.fullmatch(r"[\w=+/-]{8,128}", request_id):
        raise CliError(f"no request has the id {request_id!r}; give an answer's x-request-id")
    start = time.time() - seconds(since)
    target = targets.find(home, aws=aws, context=context)
    with step("Searching the logs", "The logs are searched"):
        known, only = sources(target), {"filterPattern": f'"{request_id}"'}
        found = list(search(target.clients("logs"), known, int(start * 1000), **only))
        found += _audited(target, request_id, datetime.fromtimestamp(start, UTC))
        if aws and (traced := _TRACE.search("".join(event["message"] for event in found))):
            found += _spans(target.clients("xray"), traced[0])
    if not found:
        raise CliError(f"nothing of {request_id} since {since}; look further back with --since")
    found.sort(key=lambda each: each["timestamp"])
    if as_json:
        emit([{name: each[name] for name in ("timestamp", "from", "message")} for each in found])
        return
    for event in found:
        show_event(event)
    if not aws:
        talk.print("X-Ray is recorded only here: its spans are shown with --aws")


def _audited(target: Target, request_id: str, start: datetime) -> Iterator[Event]:
    """Its records in the audit trail, if there is one."""
    if any(stack.name.startswith(project.PARTNER) for stack in target.stacks):
        for record in records(target, start):
            if record["request_id"] == request_id:
                at = datetime.fromisoformat(record["time"]).timestamp()
                yield _event("audit trail", at, record)


def _spans(xray: Any, trace_id: str) -> Iterator[Event]:
    """What X-Ray measured of a request: each segment, and what it called."""

    def unfolded(segment: dict[str, Any], depth: int) -> Iterator[Event]:
        took = (segment.get("end_time", segment["start_time"]) - segment["start_time"]) * 1000
        failed = segment.get("fault") or segment.get("error") or False
        told = {"span": f"{'. ' * depth}{segment['name']}", "ms": round(took, 1), "failed": failed}
        yield _event("x-ray", segment["start_time"], told)
        for below in segment.get("subsegments", ()):
            yield from unfolded(below, depth + 1)

    for found in xray.batch_get_traces(TraceIds=[trace_id])["Traces"]:
        for segment in found["Segments"]:
            yield from unfolded(json.loads(segment["Document"]), 0)


def _event(whose: str, at: float, fields: dict[str, Any]) -> Event:
    return {"timestamp": at * 1000, "from": whose, "message": json.dumps(fields)}
