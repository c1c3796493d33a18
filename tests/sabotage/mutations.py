"""Mutations: small changes of the source that each open or break something, read from TOML.

A table of `tests/sabotage/<room>.toml` is one mutation:

    [public-bucket]
    file = "lib/constructs/secure_bucket.py"
    old = "the text that is replaced, found once in the file"
    new = "what is there instead"
    opens = "what the change opens or breaks"
    by = "tests/unit/...::test_name[parameter]"

`by` is the test that must fail. With `says`, it is a command of the virtual environment instead,
such as `python -m tools.check`, whose output must have that text when it fails.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTS = tuple(sorted(Path(__file__).parent.glob("*.toml")))


class MutationError(Exception):
    """A mutation cannot be applied: the list has to be brought up to date."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change of one file, and the command that must notice it."""

    name: str
    file: str
    old: str
    new: str
    opens: str
    by: str
    says: str = ""

    def mutated(self, root: Path) -> str:
        """Return the file's text with the change.

        Raises:
            MutationError: The text is not there exactly once, or the result is no Python.
        """
        path = root / self.file
        text = path.read_text("utf-8") if path.exists() else ""
        if (found := text.count(self.old)) != 1 or self.old == self.new:
            raise MutationError(f"{self.name}: its text is {found} times in {self.file}, not once")
        changed = text.replace(self.old, self.new)
        if path.suffix == ".py":
            try:
                compile(changed, self.file, "exec", dont_inherit=True)
            except SyntaxError as error:
                raise MutationError(f"{self.name}: {self.file} is no Python then") from error
        return changed

    def apply(self, root: Path) -> None:
        """Change the file below `root`; raise `MutationError` if that is not possible."""
        (root / self.file).write_text(self.mutated(root), "utf-8")


def read_mutations(lists: Sequence[Path] = LISTS) -> list[Mutation]:
    """Read the mutations of every list, in order."""
    return [
        Mutation(name=name, **table)
        for path in lists
        for name, table in tomllib.loads(path.read_text("utf-8")).items()
    ]
