"""The table of the proof, `docs/proof.md`."""

from pathlib import Path
from typing import Any

from tests.proof.consents import Consent
from tests.proof.denials import Denial
from tests.proof.rights import UNTRIED, Right, plain

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
_HEAD = """# Proof of least privilege

Written by `tap prove --write`; [how it is made](decisions/proof.md). Each action that a function's
role is granted was used by an operation, then taken away by itself: without it, that operation was
refused the action. So was each statement by which a policy of a bucket, key or topic, or a
permission of a function, lets an AWS service act. *Nobody* is allowed what a statement denies: with
it, what it is tried by is refused, without it possible, and with it again refused. *Recorded only*
is what the embedded cloud cannot decide, and is not proven.
"""
_COLUMNS = ("Role", "Statement", "Action", "Resource", "Used by", "Without it")
_NOT_TRIED = """## Roles that are not tried

Their policies are AWS's own or the CDK's. By who takes them:
"""
_CONSENTS = ("Resource", "Statement", "Service", "Actions", "Used by", "Without it")


def row_of(right: Right) -> tuple[str, ...]:
    """What a right's row begins with."""
    return right.role, right.statement, f"`{right.action}`", right.resource.replace("*", r"\*")


def row_of_consent(consent: Consent) -> tuple[str, ...]:
    """What a consent's row begins with."""
    statement = consent.statement.replace("*", r"\*")
    actions = ", ".join(f"`{action}`" for action in consent.actions)
    return plain(consent.resource), statement, consent.service, actions


def render(rights: list[Right], consents: list[Consent], known: dict[str, dict[str, Any]]) -> str:
    """The page; it has neither times nor names that change."""
    lines = [_HEAD]
    for stack in dict.fromkeys(right.stack for right in rights):
        lines += ["", f"## {stack}", "", _line(_COLUMNS), _line(("---",) * len(_COLUMNS))]
        lines += [
            _line((*row_of(right), *_shown(right, known["needed"].get(right.key))))
            for right in rights
            if right.stack == stack
        ]
        lines += ["", _line(_CONSENTS), _line(("---",) * len(_CONSENTS))]
        lines += [
            _line((*row_of_consent(each), *_shown(each, _taken(each, known))))
            for each in consents
            if each.stack == stack
        ]
    lines += ["", _NOT_TRIED, *(f"- `{service}`: {why}" for service, why in UNTRIED.items())]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _taken(each: Consent, known: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    part = "denials" if isinstance(each, Denial) else "consents"
    found: dict[str, Any] | None = known.get(part, {}).get(each.key)
    return found


def _shown(right: Right | Consent, needed: dict[str, Any] | None) -> tuple[str, str]:
    if right.recorded_only:
        return "recorded only", right.recorded_only
    if not needed or not needed["refused"]:
        return "nothing", "not proven"
    if isinstance(right, Denial):
        return needed["by"], "it is possible"
    return needed["by"], "it fails" if needed["fails"] else "the action is refused"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def rows(page: str) -> list[tuple[str, ...]]:
    """The stack and the first cells of every row of a page."""
    found, stack = [], ""
    for line in page.splitlines():
        if line.startswith("## "):
            stack = line.removeprefix("## ")
        if line.startswith("| ") and not line.startswith(("| Role", "| Resource", "| ---")):
            cells = tuple(cell.strip() for cell in line.strip("| ").split(" | "))
            found.append((stack, *cells[:4]))
    return found
