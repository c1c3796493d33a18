"""Fidelity ledger: what the embedded cloud does with each property of each type of resource.

One file a group of services, one table a type, one line a property:

    "VpcConfig.SubnetIds" = { recorded = "why", protects = true }
    KmsKeyArn = { enforced = "what it does", test = "tests/...py::test_...", protects = true }

`enforced`: it has its effect here, as the test shows. `recorded`: the API tells it, and it has no
effect. `template`: not even that, it rests on the template. `protects` marks what somebody's
security rests on. A name that ends in `.*` is all that is beneath it too; of any other, each part
has a line of its own. A type with `skipped` is not created.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_REFERENCE = re.compile(r"Ref|Fn::\w+")
_SKIPPED = {"AWS::CDK::Metadata": "usage statistics of the CDK"}


class Verdict(StrEnum):
    """Verdict on a property or a resource, the best first.

    `PARTLY` is of resources alone: something is enforced, and something that protects is not.
    """

    ENFORCED = "enforced"
    PARTLY = "partly"
    RECORDED = "recorded"
    TEMPLATE = "template only"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The verdict on a property: a line of the ledger."""

    verdict: Verdict
    why: str
    test: str = ""
    protects: bool = False


@dataclass(frozen=True)
class Fidelity:
    """The verdict on a resource, and what a reader must know besides."""

    verdict: Verdict
    note: str


_UNKNOWN = Entry(verdict=Verdict.UNKNOWN, why="not examined yet", protects=True)
_WORDS = {"enforced": Verdict.ENFORCED, "recorded": Verdict.RECORDED, "template": Verdict.TEMPLATE}


@cache
def entries() -> dict[str, dict[str, Entry]]:
    """Read the whole ledger: the entries of each type, by property."""
    return {
        kind: {name: _entry(line) for name, line in lines.items()}
        for file in sorted(Path(__file__).parent.glob("*.toml"))
        for kind, lines in tomllib.loads(file.read_text("utf-8")).items()
    }


def _entry(line: dict[str, Any]) -> Entry:
    [(word, why)] = ((word, line[word]) for word in _WORDS if word in line)
    rest = {name: value for name, value in line.items() if name != word}
    return Entry(verdict=_WORDS[word], why=why, **rest)


def examine(kind: str, properties: Mapping[str, Any]) -> dict[str, Entry]:
    """Look each property up that a template gives a resource, references and all.

    Returns:
        The entries by the name they have in the ledger; one of `UNKNOWN` for what has none.
    """
    if kind in _SKIPPED:
        return {}
    known, found = entries().get(kind, {}), {}
    for path in _leaves(properties, ()):
        name = next((name for name in _names(path) if name in known), ".".join(path))
        found[name] = known.get(name, _UNKNOWN)
    return found if known or found else {"": _UNKNOWN}


def summarize(kind: str, found: Mapping[str, Entry]) -> Fidelity:
    """The verdict on a resource, or on all of a type, given the entries of its properties.

    It is enforced if something is, and all that protects.
    """
    if kind in _SKIPPED:
        return Fidelity(Verdict.SKIPPED, _SKIPPED[kind])
    counts = Counter(entry.verdict for entry in found.values())
    without = [name for name, entry in found.items() if entry.verdict != Verdict.ENFORCED]
    lacking = [name for name in without if found[name].protects]
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    shown = lacking if counts[Verdict.ENFORCED] else lacking or without
    note = f"{said or 'no property'}{_reasons(found, shown)}"
    if counts[Verdict.UNKNOWN]:
        return Fidelity(Verdict.UNKNOWN, note)
    if counts[Verdict.ENFORCED]:
        return Fidelity(Verdict.PARTLY if lacking else Verdict.ENFORCED, note)
    only = counts[Verdict.TEMPLATE] and not counts[Verdict.RECORDED]
    return Fidelity(Verdict.TEMPLATE if only else Verdict.RECORDED, note)


def _reasons(found: Mapping[str, Entry], names: list[str]) -> str:
    """The properties without effect, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for name in names:
        reasons.setdefault(found[name].why, []).append(name.removesuffix(".*"))
    return "".join(f"; {', '.join(names)}: {why}" for why, names in reasons.items())


def _names(path: tuple[str, ...]) -> Iterator[str]:
    """The names that a property may have in the ledger: its own, then those around it."""
    yield ".".join(path)
    for length in range(len(path), 0, -1):
        yield f"{'.'.join(path[:length])}.*"


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path of each part that has none of its own; the items of a list share theirs."""
    below = value if isinstance(value, list) else [value]
    parts = [each for each in below if isinstance(each, Mapping)]
    parts = [each for each in parts if not _REFERENCE.fullmatch(" ".join(each))]
    for each in parts:
        for name, part in each.items():
            yield from _leaves(part, (*path, name))
    if path and not any(parts):
        yield path
