"""The list of acknowledged rules, as the stacks hold it and as `docs/security.md` shows it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/security.md"
_BEGIN = "<!-- acknowledged: written by `python -m tools.check --write` -->"
_END = "<!-- /acknowledged -->"
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
# aws-cdk-lib acknowledges these itself, on every FlowLog: faults of the validator's own schema.
_BY_THE_CDK = {"F3002", "F3003"}


@dataclass(frozen=True, order=True)
class Acknowledgement:
    """One rule that one construct is excused from.

    Attributes:
        construct: The construct's path from its stack on, such as `TapStack/Items`.
        rule: As the checkers print it.
        reason: Why the rule does not fit.
    """

    construct: str
    reason: str
    rule: str


def listed(assembly: Path) -> set[Acknowledgement]:
    """Every acknowledgement of ours in a synthesized cloud assembly."""
    return {
        Acknowledgement(construct=_without_suffix(path), rule=rule, reason=reason)
        for file in assembly.glob("*.metadata.json")
        for path, entries in json.loads(file.read_text("utf-8")).items()
        for entry in entries
        if entry["type"] == _ACKNOWLEDGED
        for rule, reason in _plain(entry["data"]).items()
        if rule not in _BY_THE_CDK
    }


def page(text: str, acknowledged: Iterable[Acknowledgement]) -> str:
    """Return the page `text` with its list replaced by `acknowledged`."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{_table(acknowledged)}\n{_END}{after}"


def _without_suffix(path: str) -> str:
    stack, _, rest = path.lstrip("/").partition("/")
    kind = stack[: stack.index("Stack") + len("Stack")]
    return f"{kind}/{rest}" if rest else kind


def _plain(rules: Mapping[str, str]) -> dict[str, str]:
    return {qualified.partition("::")[2]: reason for qualified, reason in rules.items()}


def _table(acknowledged: Iterable[Acknowledgement]) -> str:
    rows: dict[str, tuple[set[str], set[str]]] = {}
    for each in acknowledged:
        constructs, rules = rows.setdefault(each.reason, (set(), set()))
        constructs.add(f"`{each.construct}`")
        rules.add(f"`{each.rule}`")
    lines = [
        f"| {reason} | {', '.join(sorted(constructs))} | {', '.join(sorted(rules))} |"
        for reason, (constructs, rules) in sorted(rows.items())
    ]
    return "\n".join(["| Why | Where | Rules |", "| --- | --- | --- |", *lines])
