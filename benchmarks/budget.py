"""`python -m benchmarks.budget`: whether a function takes more instructions than it may.

`benchmarks/budget.json` has what each took when it was last written (`--write`), and beside it what
Python's own work took: a cold start or a warm request may take 3 % more, in proportion to that work
as it is counted now. Another minor version of Python, or a machine without valgrind, measures
nothing and says so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import functions, instructions

FILE = Path(__file__).with_name("budget.json")
MORE = 0.03
FUNCTIONS = ("items_api", "partner_api", "audit_writer")
_WORK = "import asyncio, decimal, email.message, http.client, json, ssl, unittest"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def measured(wanted: str | None) -> dict[str, Any]:
    """Count Python's own work and each function.

    Raises `NotMeasured` where that is impossible, and for another Python than is `wanted`.
    """
    if wanted not in (None, _PYTHON):
        raise instructions.NotMeasured(f"the budget is for Python {wanted}")
    found: dict[str, Any] = {"python": _PYTHON, "work": _work(), "functions": {}}
    for name in FUNCTIONS:
        sys.stderr.write(f"counting {name}...\n")
        function = functions.find(name)
        counts = instructions.count(
            function.package, function.handler, function.events, function.environment
        )
        found["functions"][name] = {"cold": counts.cold, "warm": counts.warm}
    return found


def over(budget: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What takes more than it may, a line each: the function, what was allowed and what it took."""
    scale = found["work"] / budget["work"]
    return [
        f"{name}: a {kind} takes {taken / 1e6:,.1f} M instructions, {allowed / 1e6:,.1f} M are "
        "allowed; find what it imports or does anew, or `make budget WRITE=1` and say why"
        for name, kinds in budget["functions"].items()
        for kind, wanted in (("cold start", "cold"), ("warm request", "warm"))
        if (taken := found["functions"][name][wanted])
        > (allowed := kinds[wanted] * scale * (1 + MORE))
    ]


def _work() -> int:
    """Count what this interpreter takes to import some of its own library."""
    if not instructions.is_there():
        raise instructions.NotMeasured("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        command = [*instructions.TOOL, f"--cachegrind-out-file={counts}", sys.executable]
        for _ in range(2):  # at first the bytecode may be missing
            subprocess.run([*command, "-I", "-S", "-c", _WORK], check=True, capture_output=True)
        return instructions.total(counts)


def main() -> int:
    """Compare, or write what is allowed from now on; returns the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.budget", description=__doc__)
    parser.add_argument("--write", action="store_true", help="allow what it takes now")
    parser.add_argument("--must", action="store_true", help="fail where nothing can be measured")
    given = parser.parse_args()
    budget = json.loads(FILE.read_text("utf-8")) if not given.write else {}
    try:
        found = measured(None if given.write else budget["python"])
    except instructions.NotMeasured as reason:
        sys.stdout.write(f"cold starts: NOT MEASURED: {reason}\n")
        return int(given.must)
    if given.write:
        FILE.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        return 0
    lines = over(budget, found)
    within = "cold starts and warm requests are within their budgets"
    sys.stdout.write("\n".join(lines or [within]) + "\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
