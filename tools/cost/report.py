"""The report of `tap cost`: tables of bills and quotas, or JSON."""

import json
import os
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cli import project
from cli.console import emit, show, step
from cli.errors import CliError
from localcloud import cdk
from tools.cost.bill import SCALES, bill, limits
from tools.cost.resources import assuming, read


def tell(
    app: str,
    settings: list[str],
    compare: list[str],
    assume: list[str],
    *,
    as_json: bool,
) -> None:
    """Print what the stacks of a folder, or of the app with these settings, cost.

    With `compare`, what changes with another folder or more settings. Raises `CliError` for what
    cannot be priced.
    """
    rows = assuming(assume)
    found = _priced([app] if app else [], settings, rows)
    other = _priced(compare, settings, rows) if compare else found
    if as_json:
        emit({"scales": list(SCALES.values()), "stacks": found, "compared": other})
    else:
        columns, title = ("", *SCALES, "At 100 M"), "US dollars a month"
        show(columns, _lines(found, other), title=title)
        show(("Quota hit first", "Requests", "Used", "How to raise it"), _hits(other))


def _priced(what: list[str], settings: list[str], rows: list[Any]) -> dict[str, Any]:
    """The bill and the limits of each stack: of a folder, or of the app with more settings."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(what[0] if what and "=" not in what[0] else f"{made}/cdk.out")
        if made in str(folder):
            given = ["synth", "--quiet", f"--output={folder}"]
            given += [f"--context={each}" for each in (*settings, *what)]
            environ = {**os.environ, "CDK_VALIDATION": "false", "AWS_EC2_METADATA_DISABLED": "true"}
            with step("Synthesizing", "Synthesized"):
                cdk.run(project.APP, given, environ, Path(made, "log"))
        files = {file.name.split(".")[0]: file for file in sorted(folder.glob("*.template.json"))}
        stacks = {
            name: read(name, json.loads(file.read_text("utf-8")), rows)
            for name, file in files.items()
        }
    if not stacks:
        raise CliError(f"{folder} has no templates; name a folder that was synthesized")
    return {name: {"services": bill(it), "limits": limits(it)} for name, it in stacks.items()}


def _lines(found: dict[str, Any], other: dict[str, Any]) -> Iterator[tuple[str, ...] | None]:
    """Rows of services, the dearest first; where two bills differ, both sums."""
    none: Any = ("none", {"services": {}})
    for (name, one), (also, two) in zip_longest(found.items(), other.items(), fillvalue=none):
        yield None
        yield (name if name == also else f"{name} → {also}",)
        bills = [{**each["services"], "Sum": _sum(each["services"])} for each in (one, two)]
        rows = {each: [bill.get(each, [0.0] * 4) for bill in bills] for each in bills[0] | bills[1]}
        for service, (before, after) in sorted(rows.items(), key=lambda row: -row[1][1][2]):
            pairs = [(f"{a:,.2f}", f"{b:,.2f}") for a, b in zip(before, after, strict=True)]
            drawn = "█" * round(after[2] / (bills[1]["Sum"][2] or 1) * 24)
            yield service, *(b if a == b else f"{a} → {b}" for a, b in pairs), drawn


def _sum(services: dict[str, list[float]]) -> list[float]:
    return [sum(each[at] for each in services.values()) for at in range(4)]


def _hits(found: dict[str, Any]) -> Iterator[tuple[str, ...] | None]:
    """Of each stack and scale the first quota, and every other that is too small."""
    for name, stack in found.items():
        yield None
        yield (name,)
        for scale, rows in [*stack["limits"].items()][1:]:
            for row in [rows[0], *(each for each in rows[1:] if each["used"] > 1)]:
                yield row["name"], scale, f"{row['used']:,.0%}", row["raise"]
