"""`tap restore`: prove that what is kept can be restored."""

from typing import Annotated

import typer

from cli import project, targets
from cli.options import Aws, Context, Home, Json, Yes

_DRILL = typer.Option("--drill", help="Restore into copies, compare them and remove them again.")


def restore(
    drill: Annotated[bool, _DRILL] = False,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Prove that what is kept can be restored: into copies, compared and removed.

    Tables and databases are restored to the latest moment of their backups, objects from their
    versions, under names that begin with restore-drill-. Nothing else is changed. Exits with 1 when
    something differs, cannot be restored, or takes longer than docs/operations.md states.
    """
    if not drill:
        raise typer.BadParameter("docs/operations.md says how to restore; --drill rehearses it")
    target = targets.find(home, aws=aws, context=context)
    target.confirm("restore every table, database and bucket beside itself", yes=yes)
    if not project.tool("restore").run(target, as_json=as_json):
        raise typer.Exit(1)
