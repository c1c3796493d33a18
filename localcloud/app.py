"""What runs on an embedded cloud, as data: a CDK app, its tools, and how people reach it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where the front door leads a request to.

    Attributes:
        path: The first segment of its path, such as `tap` for /tap/...; empty for every other.
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
    """A CDK app.

    Attributes:
        name: What the front door's page calls it. A line of the app's own that begins with it
            (`name: ...`) says why the app cannot be synthesized.
        folder: Where its `cdk.json` is, and the `node_modules` with the CDK CLI and PostgreSQL.
        installer: The command that installs those, as an error tells it.
        routes: The front door's short addresses.
    """

    name: str = "app"
    folder: Path = Path()
    installer: str = "npm ci"
    routes: tuple[Route, ...] = ()

    @classmethod
    def of(cls, described: dict[str, Any]) -> Self:
        """The app that `asdict` described.

        Raises:
            KeyError, TypeError: It is not such a description.
        """
        routes = tuple(Route(**route) for route in described["routes"])
        return cls(**described | {"folder": Path(described["folder"]), "routes": routes})

    @property
    def node_modules(self) -> Path:
        """The locked programs that npm installed."""
        return self.folder / "node_modules"
