"""`python -m tests.sabotage [NAME...]`: break the source on purpose; what breaks must be noticed.

Exits with 1 when a mutation is not caught. A run of all mutations that are caught writes
`docs/sabotage.md`.
"""

import argparse
import sys

from tests.sabotage import changed
from tests.sabotage.mutations import Mutation, read_mutations
from tests.sabotage.page import PAGE, page
from tests.sabotage.runner import sabotage, tell


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.sabotage", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a mutation; all when omitted")
    parser.add_argument("--changed", metavar="BASE", help="only of files changed since a commit")
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    asked = parser.parse_args(arguments)
    every = read_mutations()
    chosen = _chosen(parser, every, asked)
    if asked.list:
        sys.stdout.writelines(f"{each.name}: {each.opens}\n" for each in chosen)
        return 0
    verdicts = tell(
        sabotage(chosen, jobs=asked.jobs), sum(len(each.each) for each in chosen), sys.stdout.write
    )
    missed = {each.mutation.name for each in verdicts if not each.caught}
    if missed:
        sys.stdout.write(f"not caught: {', '.join(sorted(missed))}\n")
        return 1
    sys.stdout.write(f"{len(chosen)} mutations, each caught\n")
    if chosen == every:
        PAGE.write_text(page(every), "utf-8")
    return 0


def _chosen(
    parser: argparse.ArgumentParser, every: list[Mutation], asked: argparse.Namespace
) -> list[Mutation]:
    if unknown := set(asked.names) - {each.name for each in every}:
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}; --list names them")
    chosen = [each for each in every if not asked.names or each.name in asked.names]
    if asked.changed:
        files = changed.files_since(asked.changed)
        chosen = [each for each in chosen if changed.concerns(each, files)]
    return chosen


if __name__ == "__main__":
    sys.exit(main())
