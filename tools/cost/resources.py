"""Resources of a template, and what can be asked of them."""

import math
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jmespath

from cli.errors import CliError
from cli.stacks import Json

_SECONDS = 730 * 3600  # of a month


@dataclass(frozen=True)
class Resource:
    """One resource; `known` are its properties and the assumptions that hold for it."""

    stack: str
    name: str
    type: str
    known: Json

    def get(self, expression: str) -> Any:
        """What an expression of tools/cost/charges.toml finds; None for nothing."""
        return jmespath.search(expression, self.known)

    def times(self, factors: list[Any], requests: float) -> float:
        """Multiply numbers and expressions, at so many requests a month."""
        rate = requests / _SECONDS * self.known["peak"]
        known = {**self.known, "requests": requests, "used": int(requests > 0), "rate": rate}
        found = [jmespath.search(f, known) if isinstance(f, str) else f for f in factors]
        try:
            return math.prod(map(float, found))
        except (TypeError, ValueError):
            raise CliError(f"{self.name} of {self.stack}: {factors} gives {found}") from None


def table(name: str) -> Json:
    """Read one of the tables beside this file."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))


def assuming(given: list[str]) -> list[Json]:
    """Every assumption, with `NAME=VALUE` and `PART.NAME=VALUE` of one's own as the last.

    Raises `CliError` for a name that no assumption has, and for a value that is no number.
    """
    rows: list[Json] = table("assumptions")["assumption"]
    names = sorted({row["name"] for row in rows})
    for each in given:
        found = re.fullmatch(r"(?:(.*)\.)?(\w+)=(\d+(?:\.\d+)?)", each)
        if found is None or found[2] not in names:
            raise CliError(f"--assume {each}: give a number for one of {', '.join(names)}")
        rows.append({"of": found[1] or "", "name": found[2], "value": float(found[3])})
    return rows


def read(stack: str, template: Json, assumptions: list[Json]) -> list[Resource]:
    """The resources of a stack's template, with what is assumed of each: the last row holds."""
    types = Counter(each["Type"] for each in template["Resources"].values())
    resources = []
    for name, each in template["Resources"].items():
        properties = each.get("Properties", {})
        named = [v for k, v in properties.items() if k.endswith(("Name", "Handler"))]
        label = " ".join([stack, name, *(v for v in named if isinstance(v, str))])
        known = {row["name"]: row["value"] for row in assumptions if re.search(row["of"], label)}
        resources.append(Resource(stack, name, each["Type"], known | properties | {"types": types}))
    return resources
