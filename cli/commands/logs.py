"""`tap logs`: what the functions and APIs logged."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

import typer

from cli import targets
from cli.errors import CliError
from cli.log_groups import Event, Source, search, show_event, sources
from cli.options import Aws, Context, Home, Since, seconds

# CloudWatch Logs answers a few searches a second for a whole account, and events may come late.
_FOLLOW_SECONDS, _FOLLOW_AWS_SECONDS = 0.5, 5.0
_LATE_MILLISECONDS = 60_000


def logs(
    name: Annotated[
        str,
        typer.Argument(
            help="Part of the name of a function, service, stack or log group, such as "
            "api-function, items_api or PartnerApiStack; all by default."
        ),
    ] = "",
    since: Since = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Print what was logged, oldest first: one line an event, JSON fields unfolded.

    tap logs api-function --since 1h

    tap logs PartnerApiStack --follow
    """
    start = int((time.time() - seconds(since)) * 1000)
    target = targets.find(home, aws=aws, context=context)
    known = sources(target)
    wanted = [source for source in known if source.has(name)]
    if not wanted:
        names = ", ".join(sorted({source.label.split()[-1] for source in known}))
        raise CliError(f"nothing that logs is named {name!r}; there are {names}, and the stacks")
    pause = _FOLLOW_AWS_SECONDS if aws else _FOLLOW_SECONDS
    with suppress(KeyboardInterrupt):
        for event in _events(target.clients("logs"), wanted, start, pause if follow else None):
            show_event(event)


def _events(client: Any, wanted: list[Source], start: int, pause: float | None) -> Iterator[Event]:
    """Yield what was logged since `start` (ms), and go on: look again after `pause` seconds."""
    seen: set[tuple[Any, ...]] = set()
    while True:
        for event in sorted(search(client, wanted, start), key=lambda each: each["timestamp"]):
            if event["identity"] not in seen:
                seen.add(event["identity"])
                yield event
        if pause is None:
            return
        start = max(start, int(time.time() * 1000) - _LATE_MILLISECONDS)
        seen = {identity for identity in seen if identity[2] >= start}
        time.sleep(pause)
