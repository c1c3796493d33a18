"""Builds the Lambda packages: the modules that a function reaches and its locked dependencies.

A package is made once for its inputs and kept in `.build/packages`. It is built from files alone
(no network, no pip, no Docker), and the same inputs give the same digest on any machine.
`python -m lib.packaging.package SERVICE...` builds some for programs outside the CDK app.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib.packaging import PackageError
from lib.packaging.archive import read_digest, write_archive
from lib.packaging.aws_data import trim_aws_data
from lib.packaging.bytecode import compile_modules
from lib.packaging.declaration import Declaration, read_declaration
from lib.packaging.distributions import SITE, collect, read_lock
from lib.packaging.roots import amazon_roots
from lib.packaging.sources import read_sources

PYTHON_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The Lambda runtime that reads the packages' bytecode: the interpreter that makes them."""

_ROOT = Path(__file__).resolve().parents[2]
_STEPS = Path(__file__).parent
_BUILDS = Path(".build/packages")
_KEPT_BUILDS = 10  # of each service, so that a day of editing does not fill the disk


@dataclass(frozen=True)
class Package:
    """A zip, and the SHA-256 in hexadecimal of the names and uncompressed bytes in it."""

    path: Path
    digest: str


def build_package(service: str, *, root: Path = _ROOT) -> Package:
    """Build the package of `services/<service>`, or return the one built from the same inputs."""
    declared = read_declaration(root, service)
    sources = read_sources(root, service)
    # Besides a checkout's files, what is made depends on this code and this Python.
    steps = [path.read_bytes() for path in sorted(_STEPS.glob("*.*"))]
    code_key = _key(sys.version, steps, read_lock(root), declared.requires)
    aws_key = _key(code_key, declared.aws)
    key = _key(aws_key, sources)

    def write_package(target: Path) -> None:
        code = _once(root, f"parts/code-{code_key}", partial(_write_code, root, declared))
        aws = _once(root, f"parts/aws-{aws_key}", partial(_write_aws_data, root, declared, code))
        write_archive(target, sources | compile_modules(sources), base=aws)
        _forget_old_builds(root, service)

    path = _once(root, f"{service}-{key}", write_package)
    return Package(path, read_digest(path))


def _write_code(root: Path, declared: Declaration, target: Path) -> None:
    """Write the first layer: the modules of the distributions, which rarely change."""
    files = collect(root, declared.requires)
    bundle = files.get("botocore/cacert.pem")
    if bundle:
        files["botocore/cacert.pem"] = amazon_roots(bundle.decode()).encode()
    write_archive(target, files | compile_modules(files))


def _write_aws_data(root: Path, declared: Declaration, code: Path, target: Path) -> None:
    """Write the second layer, which differs between services that use other operations."""
    uses_botocore = "botocore" in declared.requires
    files = trim_aws_data(root / SITE / "botocore/data", declared.aws) if uses_botocore else {}
    write_archive(target, files, base=code)


def _once(root: Path, name: str, write: Callable[[Path], None]) -> Path:
    """Return `.build/packages/<name>.zip`, written first if need be."""
    # It appears whole or not at all: of two builds that race, the later replaces the earlier's file
    # by one of the same content.
    target = root / _BUILDS / f"{name}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
            unfinished = Path(folder) / target.name
            write(unfinished)
            unfinished.replace(target)
    return target


def _forget_old_builds(root: Path, service: str) -> None:
    with suppress(FileNotFoundError):  # another build forgets them at the same time
        builds = (root / _BUILDS).glob(f"{service}-*.zip")
        for path in sorted(builds, key=lambda path: path.stat().st_mtime)[:-_KEPT_BUILDS]:
            path.unlink()


def _key(*inputs: object) -> str:
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:32]


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the packages that the command line names, a line each; exit code 1 if one failed."""
    parser = argparse.ArgumentParser("python -m lib.packaging.package", description=main.__doc__)
    parser.add_argument("service", nargs="+", help="a folder's name below services")
    refused = []
    for service in parser.parse_args(arguments).service:
        try:
            sys.stdout.write(f"{service} {build_package(service).path}\n")
        except PackageError as error:
            refused.append(f"{service}: {error}")
    if refused:
        sys.exit("\n".join(refused))


if __name__ == "__main__":
    main()
