"""`tap migrate`: bring the store's database to its newest form."""

from typing import Annotated

import typer

from cli import project, store, targets
from cli.console import step, talk
from cli.options import Aws, Context, Home, Yes


def migrate(
    seed: Annotated[bool, typer.Option("--seed", help="Fill an empty shop for a try.")] = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Apply the migrations that the store's database lacks; safe to repeat."""
    target = targets.find(home, aws=aws, context=context)
    stack = target.stack(project.STORE)
    target.confirm(f"migrate {stack.name}", yes=yes)
    with step("Migrating the store's database", "The store's database is up to date"):
        said = store.migrate(target.clients, stack.outputs, seed=seed)
    applied, seeded = said["applied"], said["seeded"]
    notes = [f"applied: {', '.join(applied)}" if applied else "nothing was missing"]
    if said["password_set"]:
        notes.append("the store's user was given its password")
    if seed:
        notes.append(f"filled with {', '.join(seeded)}" if seeded else "the shop was not empty")
    talk.print("; ".join(notes), style="dim")
