"""The list of acknowledged rules, as the stacks hold it and as `docs/security.md` shows it."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent.parent / "docs/security.md"
_BEGIN = "<!-- acknowledged: written by `python -m tools.check --write` -->\n"
_END = "\n<!-- /acknowledged -->"
# aws-cdk-lib acknowledges these itself, on every FlowLog: faults of the validator's own schema.
_BY_THE_CDK = {"F3002", "F3003"}


class Acknowledgement(NamedTuple):
    """One rule that one construct, such as `TapStack/Items`, is excused from."""

    construct: str
    reason: str
    rule: str


def listed(assembly: Path) -> set[Acknowledgement]:
    """Every acknowledgement of ours in a synthesized cloud assembly."""
    return {
        # The suffix of the stack's name goes.
        Acknowledgement(re.sub(r"^/(\w+?Stack)[^/]*", r"\1", path), reason, rule)
        for file in assembly.glob("*.metadata.json")
        for path, entries in json.loads(file.read_text("utf-8")).items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for tool_and_rule, reason in entry["data"].items()
        if (rule := tool_and_rule.partition("::")[2]) not in _BY_THE_CDK
    }


def page(text: str, acknowledged: Iterable[Acknowledgement]) -> str:
    """Return the page `text` with its list replaced by `acknowledged`."""
    begin = text.index(_BEGIN) + len(_BEGIN)
    return text[:begin] + _table(acknowledged) + text[text.index(_END) :]


def _table(acknowledged: Iterable[Acknowledgement]) -> str:
    rows: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for construct, reason, rule in acknowledged:
        rows[reason][0].add(f"`{construct}`")
        rows[reason][1].add(f"`{rule}`")
    lines = [
        f"| {reason} | {', '.join(sorted(constructs))} | {', '.join(sorted(rules))} |"
        for reason, (constructs, rules) in sorted(rows.items())
    ]
    return "\n".join(["| Why | Where | Rules |", "| --- | --- | --- |", *lines])
