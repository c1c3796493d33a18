"""CDK app that runs on an embedded cloud: where it is, its tools, its addresses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_FOLDERS = ("folder", "tools", "emulator", "sdk", "console")


@dataclass(frozen=True, kw_only=True)
class Route:
    """Short address of an API or a distribution at the front door."""

    path: str  # the first segment of its path, such as `shop` for /shop/...; empty for every other
    stack: str  # what the name of the stack that serves it begins with
    output: str  # of that stack: the API's id, or the address of the distribution
    stage: str | None = None  # the API's; None for a distribution


@dataclass(frozen=True, kw_only=True)
class App:
    """A CDK app in Python."""

    # What the front door's page calls it. A line of the app's own that begins with it (`name: ...`)
    # says why the app cannot be synthesized.
    name: str = "app"
    folder: Path = Path()  # where its `cdk.json` is
    # The `node_modules` with the CDK CLI, and with PostgreSQL if a stack has a database; the one in
    # the app's folder by default.
    tools: Path | None = None
    # Python packages, the emulator and all that it needs; this Python's own by default.
    emulator: Path | None = None
    # Python packages that Lambda's own runtime brings, such as boto3; none by default.
    sdk: Path | None = None
    # What the front door's console is made of, with its `console.toml`; no console by default.
    console: Path | None = None
    installer: str = "npm ci"  # the command that installs the tools, as an error tells it
    routes: tuple[Route, ...] = ()  # the front door's short addresses

    @classmethod
    def of(cls, described: dict[str, Any]) -> Self:
        """The app that `asdict` described; raises `KeyError` or `TypeError` for anything else."""
        routes = tuple(Route(**route) for route in described["routes"])
        folders = {name: Path(described[name]) for name in _FOLDERS if described.get(name)}
        return cls(**described | folders | {"routes": routes})

    @property
    def node_modules(self) -> Path:
        """The programs that npm installed."""
        return self.tools or self.folder / "node_modules"
