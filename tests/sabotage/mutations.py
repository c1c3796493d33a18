"""Mutations: small changes of the source that each open or break something, read from TOML.

A table of `tests/sabotage/<room>.toml` is one mutation:

    [public-bucket]
    file = "lib/constructs/secure_bucket.py"
    old = "the text that is replaced, found once in the file"
    new = "what is there instead"
    opens = "what the change opens or breaks"
    by = "tests/unit/...::test_name[parameter]"

`by` is the test that must fail. With `says`, it is a command of the virtual environment instead,
such as `python -m tools.check`, whose output must have that text when it fails. A test of a
deployed suite meets the changed source where it runs, in a copy of an embedded cloud that was
deployed once; `attack` names one that must fail beside a fast test.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.sabotage.copies import own

ROOT = Path(__file__).parents[2]
_DEPLOYED = ("security", "e2e", "drills")
LISTS = tuple(sorted(Path(__file__).parent.glob("*.toml")))


class MutationError(Exception):
    """A mutation cannot be applied: the list has to be brought up to date."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change of one file, and the command, or two, that must notice it."""

    name: str
    file: str
    old: str
    new: str
    opens: str
    by: str
    says: str = ""
    attack: str = ""

    @property
    def is_deployed(self) -> bool:
        """Whether what must catch it needs an embedded cloud."""
        return self.by.startswith(tuple(f"tests/{suite}/" for suite in _DEPLOYED))

    @property
    def each(self) -> "list[Mutation]":
        """The mutation for each command that must notice it: the fast one first."""
        fast = replace(self, attack="")
        return [fast, replace(fast, by=self.attack, says="")] if self.attack else [fast]

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
        changed = self.mutated(root)
        own(root, self.file)
        (root / self.file).write_text(changed, "utf-8")


def read_mutations(lists: Sequence[Path] = LISTS) -> list[Mutation]:
    """Read the mutations of every list, in order."""
    return [
        Mutation(name=name, **table)
        for path in lists
        for name, table in tomllib.loads(path.read_text("utf-8")).items()
    ]
