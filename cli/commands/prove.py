"""`tap prove`: that every right is used, that each is needed, and that nothing else is possible."""

from typing import Annotated

import typer

from cli import project


def prove(
    only: Annotated[
        str, typer.Option(metavar="ROLE", help="Look at this role alone, by its logical name.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Write docs/proof.md.")] = False,
) -> None:
    """Prove the least privilege of every function's role, on an embedded cloud of its own.

    Every operation is run and what policies decide is recorded; each right is taken away by itself
    and what used it is run again; and a list of dangerous calls is tried with each role's own
    credentials. After Ctrl-C the same line goes on. It ends with exit code 1 if anything is not
    proven.
    """
    options = [f"--only={only}"] if only else []
    options += ["--write"] if write else []
    home = str(project.ROOT / ".build" / "proof")
    raise typer.Exit(project.run_of_tests("tests.proof", home, *options))
