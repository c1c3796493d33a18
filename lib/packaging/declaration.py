"""What a service says of its package, in `services/<service>/package.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.packaging import PackageError


@dataclass(frozen=True)
class Declaration:
    """What one package holds beside the service's own code."""

    requires: tuple[str, ...]  # of requirements/functions.txt; what they depend on follows
    aws: Mapping[str, tuple[str, ...]]  # operations of each service, both as botocore names them


def read_declaration(root: Path, service: str) -> Declaration:
    """Read and check the package.toml of one service; raise PackageError if it is not right."""
    path = root / "services" / service / "package.toml"
    name = path.relative_to(root)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = sorted(found.parent.name for found in (root / "services").glob("*/package.toml"))
        raise PackageError(
            f"no such service: {service!r} has no {name}; add one, or name one of {known}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackageError(f"{name} is not valid TOML: {error}; correct it there") from error
    unknown = sorted(table.keys() - {"requires", "aws"})
    if unknown:
        raise PackageError(f"{name} has unknown keys {unknown}; use only requires and [aws]")
    aws = table.get("aws", {})
    if not isinstance(aws, dict):
        raise PackageError(f"{name}: aws is {aws!r}; make it a table, service = [operations]")
    requires = _words(table.get("requires", []), f"{name}: requires")
    if aws and "botocore" not in requires:
        raise PackageError(f"{name} has an [aws] table without botocore; add it to requires")
    return Declaration(
        requires=requires,
        aws={key: _words(value, f"{name}: [aws] {key}") for key, value in sorted(aws.items())},
    )


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise PackageError(f'{where} is {value!r}; make it a list of strings, ["..."]')
    return tuple(sorted(set(value)))
