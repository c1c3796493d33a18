"""The page about the mutations, `docs/sabotage.md`."""

import re
from collections.abc import Sequence

from tests.sabotage.mutations import ROOT, Mutation

PAGE = ROOT / "docs/sabotage.md"
# A claim about each stack is a parameter of one test.
_CLAIM = re.compile(r"\w+-\w+Stack-(\w+)\]")
_ROOMS = {
    "lib": "Infrastructure",
    "services": "Lambda functions",
    "web": "The store's page",
    "cli": "The `tap` command",
    "tools": "The checks of `tap doctor`, restores and saved states",
    "localcloud": "The embedded cloud",
    ".build": "The emulator in it, in its own code",
    "tests": "The search for secrets",
}
_SUITES = {"drills": "drill: ", "e2e": "attack: ", "security": "attack: "}
_HEAD = """# Sabotage

<!-- Written by `make sabotage`, when every mutation was caught. -->

A test that cannot fail proves nothing. `make sabotage` makes {count} small changes to copies of the
source, one at a time: each opens or breaks something, and the test or checker beside it has to fail
because of it. An error on the way to the claim, such as an import that fails, does not count; nor
does a command that fails without the change. `make test` does the same for the mutations that a
change is about and a fast test catches. A *drill* or an *attack* meets the change in a copy of one
deployed embedded cloud, where the change is deployed or served.

The list is `tests/sabotage/*.toml`. To try one: `.venv/bin/python -m tests.sabotage {first}`.
What else was measured: [decisions/sabotage.md](decisions/sabotage.md).
"""


def page(mutations: Sequence[Mutation]) -> str:
    """Return the page's text."""
    fast_first = sorted(mutations, key=lambda each: each.is_deployed)
    parts = [_HEAD.format(count=len(mutations), first=fast_first[0].name)]
    for room, title in _ROOMS.items():
        rows = [_row(each) for each in fast_first if each.file.startswith(f"{room}/")]
        parts.append(
            f"\n## {title}\n\n| Mutation | In | Opens | Caught by |\n| --- | --- | --- | --- |\n"
        )
        parts += rows
    return "".join(parts)


def _row(mutation: Mutation) -> str:
    file = mutation.file.removeprefix(".build/emulator/")
    catchers = "; ".join(map(_catcher, mutation.each))
    return f"| `{mutation.name}` | `{file}` | {mutation.opens} | {catchers} |\n"


def _catcher(mutation: Mutation) -> str:
    if mutation.says:
        return f"`{mutation.by}`: {mutation.says}"
    file, _, test = mutation.by.partition("::")
    name, _, parameter = test.partition("[")
    claim = _CLAIM.fullmatch(parameter)
    said = (claim[1] if claim else name.removeprefix("test_")).replace("_", " ")
    suite = _SUITES.get(file.split("/")[1], "")
    return f"{suite}[{said}](../{file})"
