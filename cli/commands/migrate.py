"""`tap migrate`: bring the store's database to its newest form."""

from typing import Annotated

import typer

from cli import store
from cli.commands.options import Aws, Context, Home, Yes
from cli.commands.targets import store_target
from cli.console import step, talk


def migrate(
    seed: Annotated[bool, typer.Option("--seed", help="Fill an empty shop for a try.")] = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = (),
    home: Home = None,
) -> None:
    """Apply the migrations that the store's database lacks; safe to repeat."""
    clients, outputs = store_target(home, aws=aws, yes=yes, context=context, what="migrate")
    with step("Migrating the store's database", "The store's database is up to date"):
        said = store.migrate(clients, outputs, seed=seed)
    applied, seeded = said["applied"], said["seeded"]
    notes = [f"applied: {', '.join(applied)}" if applied else "nothing was missing"]
    if said["password_set"]:
        notes.append("the store's user was given its password")
    if seed:
        notes.append(f"filled with {', '.join(seeded)}" if seeded else "the shop was not empty")
    talk.print("; ".join(notes), style="dim")
