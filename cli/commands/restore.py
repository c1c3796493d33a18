"""`tap restore`: prove that what is kept can be restored."""

import sys
from typing import Annotated

import typer

from cli import project, targets
from cli.console import show_rows, talk, waiting
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json, Yes

_DRILL = typer.Option("--drill", help="Restore into copies, compare them and remove them again.")
_BY_HAND = "docs/operations.md says how to restore; `tap restore --drill` proves that it would work"


def restore(
    drill: Annotated[bool, _DRILL] = False,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Prove that what is kept can be restored: into copies, compared and removed.

    Tables and databases are restored to the latest moment that their backups have, objects from
    their versions, under names that begin with restore-drill-. Nothing else is changed. Exits with
    1 when something differs, cannot be restored, or takes longer than docs/operations.md states.

    tap restore --drill
    """
    sys.path.append(str(project.ROOT))  # the checkout's own tools are no part of this package
    from tools import restore as backups
    from tools.doctor.site import Site
    from tools.restore import drill as drills

    if not drill:
        raise CliError(_BY_HAND)
    target = targets.find(home, aws=aws, context=context)
    target.confirm("restore every table, database and bucket beside itself", yes=yes)
    try:
        with waiting("Restoring, comparing and removing"):
            done = [drills.rehearse(kept) for kept in backups.kept(Site(target))]
    except KeyboardInterrupt:
        raise CliError("interrupted; the copies that the drill had made are removed") from None
    show_rows([each.row() for each in done], as_json=as_json)
    met = drills.are_met(done, talk.print)
    if target.cloud:
        talk.print("these are this machine's times; AWS alone shows its own", style="dim")
    if not met or any(each.verdict != drills.EQUAL for each in done):
        raise typer.Exit(1)
