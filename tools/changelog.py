"""`python -m tools.changelog VERSION`: the section of CHANGELOG.md about a version, as it stands.

The notes of a release are what was written for users, and nothing made up afterwards.
"""

import re
import sys
from pathlib import Path

_PAGE = Path(__file__).parent.parent / "CHANGELOG.md"


def section(text: str, version: str) -> str:
    """Return the section of a version such as `1.2.0` or `v1.2.0`, without its heading.

    Raises:
        LookupError: There is none, or nothing is in it.
    """
    wanted = version.removeprefix("v")
    for each in re.split(r"(?m)^## ", text)[1:]:
        heading, _, body = each.partition("\n")
        if heading.startswith(f"[{wanted}]") and body.strip():
            return body.strip() + "\n"
    raise LookupError(f"CHANGELOG.md has nothing about {wanted}: write its section first")


def main(arguments: list[str] | None = None) -> int:
    """Print the section of the version that is named."""
    [version] = sys.argv[1:] if arguments is None else arguments
    try:
        print(section(_PAGE.read_text("utf-8"), version), end="")
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
