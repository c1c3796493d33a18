"""CDK app that runs on an embedded cloud: where it is, its tools, its addresses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_FOLDERS = ("folder", "tools", "emulator", "sdk")


@dataclass(frozen=True, kw_only=True)
class Route:
    """Short address of an API or a distribution at the front door.

    Attributes:
        path: The first segment of its path, such as `shop` for /shop/...; empty for every other.
        stack: What the name of the stack that serves it begins with.
        output: The output of that stack that names the API, or the address of the distribution.
        stage: The API's stage; None for a distribution.
    """

    path: str
    stack: str
    output: str
    stage: str | None = None


@dataclass(frozen=True, kw_only=True)
class App:
    """A CDK app in Python.

    Attributes:
        name: What the front door's page calls it. A line of the app's own that begins with it
            (`name: ...`) says why the app cannot be synthesized.
        folder: Where its `cdk.json` is.
        tools: The `node_modules` with the CDK CLI, and with PostgreSQL if a stack has a database;
            the one in the app's folder by default.
        emulator: A folder of Python packages, the emulator and all that it needs; this Python's
            own packages by default.
        sdk: A folder of the Python packages that Lambda's own runtime brings, such as boto3. By
            default there are none: a function has what its package holds.
        installer: The command that installs the tools, as an error tells it.
        routes: The front door's short addresses.
    """

    name: str = "app"
    folder: Path = Path()
    tools: Path | None = None
    emulator: Path | None = None
    sdk: Path | None = None
    installer: str = "npm ci"
    routes: tuple[Route, ...] = ()

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
