"""`tap prove`: that every right is used, that each is needed, and that nothing else is possible."""

import importlib.util
import subprocess
import sys
from typing import Annotated

import typer

from cli import project
from cli.errors import CliError


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
    if importlib.util.find_spec("pytest") is None or not (project.ROOT / "tests").is_dir():
        raise CliError("the tests' packages are not installed: run `make dev`, then repeat")
    options = [f"--only={only}"] if only else []
    options += ["--write"] if write else []
    try:
        status = subprocess.run(
            [sys.executable, "-m", "tests.proof", str(project.ROOT / ".build" / "proof"), *options],
            cwd=project.ROOT,
            check=False,
        ).returncode
    except KeyboardInterrupt:
        raise CliError("interrupted; run `tap prove` again to go on") from None
    raise typer.Exit(status)
