"""The pages on security: what may be attacked, what stops it, and the tests that try it.

`docs/threats.toml` has the threats; how often each test runs, with other words or paths each time,
is what pytest collects.
"""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STRIDE = {
    "S": "Spoofing",
    "T": "Tampering",
    "R": "Repudiation",
    "I": "Information disclosure",
    "D": "Denial of service",
    "E": "Elevation of privilege",
}
_HEAD = """# Threat model

Each stack by STRIDE, the six ways to attack: what is at stake, how it is attacked, what stops that
and where it is written, the tests that send the attack, and the [mutations](sabotage.md) that open
the control, each of which a test was seen to notice. Written by `make generate` from
`docs/threats.toml`; [what holds in short](security.md).
"""
_BEGIN = "<!-- attacks: written by `make generate` -->\n"
_END = "<!-- /attacks -->\n"


@dataclass(frozen=True, kw_only=True)
class Threat:
    """A threat to a stack: what `docs/threats.toml` says at its top, and in each entry."""

    stack: str
    stride: str
    asset: str
    threat: str
    control: str
    where: str
    refusal: str = ""
    tests: tuple[str, ...] = ()
    mutations: tuple[str, ...] = ()
    accepted: str = ""

    def cases(self, collected: Mapping[str, int]) -> int:
        """How many attacks its tests are."""
        return sum(
            number
            for test, number in collected.items()
            if {test, test.partition("::")[0]} & {*self.tests}
        )


def threats() -> list[Threat]:
    """The threats, in their order."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "docs/threats.toml").read_text("utf-8"))[
        "threat"
    ]
    lists = ("tests", "mutations")
    return [Threat(**each | {name: tuple(each.get(name, ())) for name in lists}) for each in found]


def collected(files: Iterable[str]) -> Counter[str]:
    """How many cases each test in these files has, for an embedded cloud."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env={**os.environ, "TARGET": "local"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Counter(line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line)


def model() -> str:
    """Return the page of threats."""
    lines, found = [_HEAD], threats()
    head = ("Kind", "Asset", "Threat", "Control", "Where", "Tests", "Opened by")
    for stack in dict.fromkeys(each.stack for each in found):
        rows = (_row(each) for each in found if each.stack == stack)
        lines += [f"## {stack}\n", *_table(head, rows), ""]
    return "\n".join(lines)


def page() -> str:
    """Return docs/security.md with its table of attacks as it should be."""
    before, _, rest = (ROOT / "docs/security.md").read_text("utf-8").partition(_BEGIN)
    tested = [each for each in threats() if each.tests]
    counts = collected(sorted({file for each in tested for file in _files(each)}))
    rows = (
        [t.control, f"{t.threat} ({t.cases(counts)})", t.refusal, _spelled(_files(t), ", ")]
        for t in tested
    )
    table = _table(("Control", "Attacks tried (cases)", "Answered", "Tests"), rows)
    return "\n".join([before + _BEGIN.rstrip(), *table, _END + rest.partition(_END)[2]])


def _row(threat: Threat) -> list[str]:
    tests = _spelled(threat.tests, "<br>") or f"accepted: {threat.accepted}"
    opened = _spelled(threat.mutations, "<br>") or "no control"
    kind, where = STRIDE[threat.stride], f"`{threat.where}`"
    return [kind, threat.asset, threat.threat, threat.control, where, tests, opened]


def _files(threat: Threat) -> list[str]:
    return list(dict.fromkeys(test.partition("::")[0] for test in threat.tests))


def _spelled(tests: Iterable[str], between: str) -> str:
    return between.join(f"`{test.removeprefix('tests/')}`" for test in tests)


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> Iterator[str]:
    titles = list(head)
    yield from (f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}")
    yield from (f"| {' | '.join(row)} |" for row in rows)
