"""`tap doctor`: is everything as it should be, and what to do about what is not."""

from typing import Annotated

import typer

from cli import project, targets
from cli.console import show_rows, waiting
from cli.options import Aws, Context, Home, Json, Yes

_RING = typer.Option("--ring", help="Ring every alarm, to prove its action: it mails people.")


def doctor(
    ring: Annotated[bool, _RING] = False,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Check account, addresses, alarms, policies, secrets, backups, queues and drift.

    It changes nothing, unless told to --ring. Each line is ok, wrong with what to do, or not known
    where that cannot be seen. Exits with 1 when anything is wrong.

    tap doctor --aws -c environmentSuffix=prod
    """
    checks = project.tool("doctor")
    target = targets.find(home, aws=aws, context=context)
    if ring:
        target.confirm("ring every alarm, which tells its subscribers,", yes=yes)
    wanted = checks.CHECKS | (checks.RING if ring else {})
    with waiting("Looking"):
        rows = list(checks.examine(checks.Site(target), wanted))
    show_rows(rows, as_json=as_json)
    if any(row["verdict"] == checks.WRONG for row in rows):
        raise typer.Exit(1)
