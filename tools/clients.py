"""`python -m tools.clients`: generate Python and TypeScript clients of every API into `clients/`.

A client is made of an API's OpenAPI description alone: a package `tap_<name>` for Python, a module
`tap-clients/<name>` for TypeScript, which is compiled. What was there before is removed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CLIENTS = ROOT / "clients"
APIS = ("items", "partner", "store")
_NODE = ROOT / ".venv/bin/node"
_PYTHON_TOOLS = ROOT / ".venv-clients/bin"


def generate_python(folder: Path, description: Path, package: str) -> None:
    """Generate one Python package; a part of the description that has no code is a failure."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as known:
        json.dump(with_open_patterns(json.loads(description.read_text("utf-8"))), known)
        known.flush()
        command: list[str | Path] = [
            _PYTHON_TOOLS / "openapi-python-client",
            "generate",
            "--path",
            known.name,
        ]
        output: list[str | Path] = [
            "--output-path",
            folder / package,
            "--meta",
            "none",
            "--overwrite",
        ]
        _run([*command, *output, "--fail-on-warning"], folder)
    (folder / package / "py.typed").touch()


def with_open_patterns(part: Any) -> Any:
    """Say `additionalProperties` for `patternProperties`, which openapi-python-client leaves out.

    An object that has nothing else would lose all that a caller gives it.
    """
    if isinstance(part, list):
        return [with_open_patterns(each) for each in part]
    if not isinstance(part, dict):
        return part
    opened = {name: with_open_patterns(each) for name, each in part.items()}
    if opened.pop("patternProperties", None):
        opened["additionalProperties"] = True
    return opened


def generate_typescript(folder: Path) -> None:
    """Generate what `openapi-ts.config.mjs` names, then compile it: types are checked by that."""
    for made in ("src", "dist"):
        shutil.rmtree(folder / made, ignore_errors=True)
    modules = ROOT / "node_modules"
    _run([_NODE, modules / ".bin/openapi-ts", "--no-log-file"], folder)
    _run([_NODE, modules / ".bin/tsc", "--project", "."], folder)


def main() -> int:
    """Generate every client of this checkout."""
    for api in APIS:
        description = ROOT / f"docs/api/{api}.openapi.json"
        generate_python(CLIENTS / "python", description, f"tap_{api}")
    generate_typescript(CLIENTS / "typescript")
    return 0


def _run(command: list[str | Path], folder: Path) -> None:
    """Run a generator, with its own environment's programs first: it formats what it wrote."""
    path = f"{_PYTHON_TOOLS}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path}
    ran = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"{Path(command[0]).name} failed:\n{ran.stdout}{ran.stderr}")


if __name__ == "__main__":
    sys.exit(main())
