"""Settings that the emulator's CloudFormation drops, and how each is set and read by the API.

A green deployment would otherwise prove nothing about them. `reapplied.toml` names the template's
properties and their way through the API. Each is read back: the status compares, and a setting that
does not come back rests on the template alone.
"""

import json
import threading
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jmespath

from localcloud.cloud import write_private

Client = Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A deployed resource: its type, physical id and resolved properties."""

    type: str
    id: str
    properties: dict[str, Any] = field(default_factory=dict)


def typed(value: Any) -> Any:
    """A template's value with its numbers and truth values, which may be written as strings.

    What it does not say, null, is left out.
    """
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else value


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One property of a resource type, and its way through the API: a table of `reapplied.toml`."""

    property: str
    service: str
    put: str
    get: str
    whose: str
    given: str
    found: str
    wanted: str = "@"

    def wanted_of(self, resource: Resource) -> Any:
        """What its template asks for, as the API takes it."""
        return typed(jmespath.search(self.wanted, typed(resource.properties[self.property])))

    def apply(self, client: Client, resource: Resource) -> None:
        """Give the deployed resource what its template asked for."""
        given = jmespath.search(self.given, self.wanted_of(resource))
        getattr(client, self.put)(**self._whose(resource), **given)

    def holds(self, client: Client, resource: Resource) -> bool:
        """Whether the deployed resource has what its template asked for."""
        try:
            answer = getattr(client, self.get)(**self._whose(resource))
        except client.exceptions.ClientError:
            return False
        return _contains(jmespath.search(self.found, answer), self.wanted_of(resource))

    def _whose(self, resource: Resource) -> dict[str, Any]:
        return dict(jmespath.search(self.whose, asdict(resource)))


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        alike = isinstance(found, dict)
        return alike and all(_contains(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        alike = isinstance(found, list) and len(found) == len(wanted)
        return alike and all(map(_contains, found, wanted))
    return bool(found == wanted)


SETTINGS: dict[str, list[Setting]] = {
    kind: [Setting(**table) for table in tables]
    for kind, tables in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text("utf-8")
    ).items()
}


def present(resource: Resource) -> list[Setting]:
    """The settings its template gives this resource, among those the emulator drops."""
    named = SETTINGS.get(resource.type, ())
    return [setting for setting in named if setting.property in resource.properties]


class DeployedSettings:
    """The deployed resources with such settings, in a file of a cloud's state folder."""

    def __init__(self, home: Path):
        self._path = home / "state" / "settings.json"
        self._lock = threading.Lock()

    def read(self) -> list[Resource]:
        """Every resource kept, in no particular order; none where nothing was deployed."""
        try:
            return [Resource(**kept) for kept in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []

    def keep(self, resource: Resource) -> None:
        """Add a resource, or replace what was kept of it."""
        self._write(resource, [resource])

    def forget(self, resource: Resource) -> None:
        """Drop a resource that was deleted."""
        self._write(resource, [])

    def _write(self, changed: Resource, now: list[Resource]) -> None:
        with self._lock:
            of = (changed.type, changed.id)
            others = [kept for kept in self.read() if (kept.type, kept.id) != of]
            write_private(self._path, json.dumps([asdict(kept) for kept in others + now]))
