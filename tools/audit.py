"""`python -m tools.audit`: what is locked, shipped and committed, held against what is known of it.

Known vulnerabilities of every locked package, secrets in the history, licences of what is shipped,
and a bill of materials for each function package in `.build/sbom`. Exits with 1 on any finding.
Where the data on vulnerabilities cannot be reached, one line says so, and `--online` makes it one.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_LOCKED = re.compile(r"(?m)^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)")
_OSV = "https://api.osv.dev/v1/query"
_NPM = "https://registry.npmjs.org"


class UnreachableError(Exception):
    """The data on vulnerabilities did not answer; the message says whose, and how."""


def find_vulnerable(root: Path, osv: str, npm: str) -> Iterator[str]:
    """Yield a line for each locked package with a known vulnerability.

    Args:
        root: The checkout, with `requirements/*.txt` and `package-lock.json`.
        osv: Address of OSV's query.
        npm: Address of the npm registry, whose own advisories `npm audit` asks.

    Raises:
        UnreachableError: One of them did not answer.
    """
    for lock in sorted((root / "requirements").glob("*.txt")):
        for package in _audit_python(lock, osv):
            for each in package.get("vulns", ()):
                fixed = ", ".join(each["fix_versions"]) or "no version yet"
                which = f"{package['name']} {package['version']}"
                yield f"{lock.name}: {which} has {each['id']}, fixed in {fixed}"
    command = [
        str(_ROOT / ".venv/bin/npm"),
        "audit",
        "--package-lock-only",
        "--json",
        "--fetch-retries=0",
    ]
    answer, said = _run([*command, f"--registry={npm}"], root)
    if "vulnerabilities" not in answer:
        raise UnreachableError(f"{npm}: {answer.get('message', said)}")
    for name, each in sorted(answer["vulnerabilities"].items()):
        why = ", ".join(via if isinstance(via, str) else via["url"] for via in each["via"])
        yield f"package-lock.json: {name} {each['range']} is vulnerable ({each['severity']}): {why}"


def _audit_python(lock: Path, osv: str) -> list[Any]:
    """Return what pip-audit says of each package of a lock, for every platform and Python."""
    pinned = sorted({f"{name}=={version}" for name, version in _LOCKED.findall(lock.read_text())})
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as plain:
        plain.write("\n".join(pinned))
        plain.flush()
        command = [str(Path(sys.executable).with_name("pip-audit")), "--requirement", plain.name]
        options = ["--no-deps", "--disable-pip", "--strict", "--progress-spinner=off"]
        service = ["--format=json", "--vulnerability-service=osv", f"--osv-url={osv}"]
        answer, said = _run([*command, *options, *service], lock.parent)
    packages: list[Any] = answer.get("dependencies", [])
    if len(packages) != len(pinned) or any("skip_reason" in each for each in packages):
        raise UnreachableError(f"{osv}: {said}")
    return packages


def _run(command: list[str], folder: Path) -> tuple[dict[str, Any], str]:
    """Run a tool; return the object that it prints, or none, and the last line that it says."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    said = (ran.stderr.strip() or "no answer").splitlines()[-1]
    try:
        return json.loads(ran.stdout), said
    except ValueError:
        return {}, said


def main(arguments: list[str] | None = None) -> int:
    """Run the checks; print a line for each finding, then one for each check."""
    parser = argparse.ArgumentParser(prog="python -m tools.audit")
    parser.add_argument("--root", type=Path, default=_ROOT, help="the checkout to look at")
    parser.add_argument("--osv", default=_OSV, help="who is asked about Python packages")
    parser.add_argument("--npm", default=_NPM, help="who is asked about npm packages")
    parser.add_argument("--online", action="store_true", help="fail if they cannot be reached")
    parser.add_argument("checks", nargs="*", help="vulnerabilities, secrets, packages; else all")
    options = parser.parse_args(arguments)
    root = options.root
    rules = tomllib.loads((_ROOT / "tools/audit.toml").read_text("utf-8"))
    services = sorted(path.parent.name for path in (root / "services").glob("*/package.toml"))

    def secrets() -> Iterator[str]:
        from tools.history import find_secrets

        return find_secrets(root, rules["secrets"])

    def packages() -> Iterator[str]:
        from tools.shipped import examine

        return examine(root, rules["licences"], rules["names"], services=services)

    checks: dict[str, Callable[[], Iterator[str]]] = {
        "vulnerabilities": lambda: find_vulnerable(root, options.osv, options.npm),
        "secrets": secrets,
        "packages": packages,
    }
    if unknown := set(options.checks) - checks.keys():
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    return max(_check(name, checks[name], options) for name in options.checks or checks)


def _check(name: str, run: Callable[[], Iterator[str]], options: argparse.Namespace) -> int:
    count = 0
    try:
        for finding in run():
            print(finding, flush=True)
            count += 1
    except UnreachableError as error:
        print(f"{name}: NOT KNOWN, the data cannot be reached: {error!s:.200}", flush=True)
        return int(options.online or count > 0)
    print(f"{name}: {count or 'nothing'} found", flush=True)
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
