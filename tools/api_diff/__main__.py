"""`python -m tools.api_diff BASE`: what this checkout breaks for the clients of BASE's APIs.

Compares `docs/api/*.openapi.json` with those of the last commit that both have. Fails for a break,
unless the description's major version (`info.version`) is a new one: then it is on purpose.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.api_diff.operations import breaks

_ROOT = Path(__file__).parents[2]
_FOLDER = "docs/api"


def judged(name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> list[str]:
    """Return the breaks of one description that are not on purpose."""
    if after is None:
        return [f"{name}: the description is gone"]
    major, now = (api["info"]["version"].partition(".")[0] for api in (before, after))
    found = set() if now != major else set(breaks(before, after))
    return [f"{name}: {line}" for line in sorted(found)]


def main(arguments: list[str] | None = None, root: Path = _ROOT) -> int:
    """Print each break that is not on purpose; answer 1 when there is any."""
    [base] = sys.argv[1:] if arguments is None else arguments
    common = _git(root, "merge-base", base, "HEAD").strip()
    found = []
    for path in _git(root, "ls-tree", "--name-only", common, f"{_FOLDER}/").splitlines():
        here = root / path
        after = json.loads(here.read_text("utf-8")) if here.exists() else None
        before = json.loads(_git(root, "show", f"{common}:{path}"))
        found += judged(Path(path).name.partition(".")[0], before, after)
    for line in found:
        print(line)
    print(f"{len(found)} breaking changes since {common[:12]}", file=sys.stderr)
    return 1 if found else 0


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
