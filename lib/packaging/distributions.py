"""What is taken of the installed distributions: the declared ones and what they depend on."""

import csv
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from lib.packaging import PackageError
from lib.packaging.stand_ins import REPLACED, STAND_INS

LOCK = Path("requirements/functions.txt")
SITE = Path(".build/site")
_REINSTALL = f"run `make up`, which installs {LOCK} into {SITE}"

# "..": pip's commands. Of Powertools stays what its imports need; a test runs them with no more.
_LEFT_OUT = re.compile(
    rf"\.\./|({REPLACED})\b|(.*/)?tests/|.*(\.pyi|/py\.typed)$|botocore/(data|docs)/"
    r"|aws_lambda_powertools/("
    r"(?!exceptions/|logging/|metrics/|shared/|tracing/|utilities/|warnings/)\w+/"
    r"|utilities/(?!jmespath_utils/|typing/)\w+/)"
)


def collect(root: Path, requires: Iterable[str]) -> dict[str, bytes]:
    """Return the files of the required distributions and of those they depend on, by name.

    Licences stay because they ask for it, METADATA because vulnerability scanners know a
    distribution by it. Of botocore's data, `lib.packaging.aws_data` adds the part that is used.
    Raises `PackageError` if a name is not locked, or `.build/site` is not what the lock file says.
    """
    installed = _installed(root)
    files: dict[str, bytes] = {}
    for needed in sorted(_closure(requires, installed)):
        # Not by `files`, which tells nothing of a file that is missing, from Python 3.12 on.
        record = csv.reader((installed[needed].read_text("RECORD") or "").splitlines())
        for file in (PurePosixPath(row[0]) for row in record):
            if (name := file.as_posix()) in STAND_INS:
                files[name] = STAND_INS[name]
            elif _is_kept(file):
                files[name] = _read(root / SITE / file)
    return files


def read_lock(root: Path) -> str:
    """Return the text of requirements/functions.txt."""
    return _read(root / LOCK).decode()


def _installed(root: Path) -> Mapping[str, Distribution]:
    found = {_canonical(dist.name): dist for dist in distributions(path=[str(root / SITE)])}
    versions = {name: distribution.version for name, distribution in found.items()}
    for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", read_lock(root)):
        if versions.get(_canonical(name)) != version:
            raise PackageError(f"{SITE} does not hold {name} {version}; {_REINSTALL}")
    return found


def _closure(requires: Iterable[str], installed: Mapping[str, Distribution]) -> set[str]:
    closure: set[str] = set()
    todo = [(_canonical(name), "package.toml") for name in requires]
    while todo:
        name, wanted_by = todo.pop()
        if name not in installed:
            raise PackageError(
                f"{wanted_by} requires {name!r}, which {LOCK} does not lock; "
                f"add it to {LOCK.with_suffix('.in')} and lock again, or take it out"
            )
        if name not in closure:
            closure.add(name)
            todo += ((needed, name) for needed in _needs(installed[name], installed))
    return closure


def _needs(distribution: Distribution, installed: Container[str]) -> Iterator[str]:
    """Yield what a distribution depends on; the lock says whether a condition on it holds."""
    for requirement in distribution.requires or ():
        specifier, _, condition = requirement.partition(";")
        name = _canonical(re.split(r"[^\w.-]", specifier.strip(), maxsplit=1)[0])
        if not condition or (name in installed and "extra" not in condition):
            yield name


def _is_kept(file: PurePosixPath) -> bool:
    if _LEFT_OUT.match(file.as_posix()):
        return False
    described = file.parts[0].endswith(".dist-info")
    return not described or bool(re.match("METADATA|LICEN[CS]E|NOTICE|COPYING|AUTHORS", file.name))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PackageError(f"{path} is missing; {_REINSTALL}") from None
