"""`tap token`: an access token for the HTTP API."""

from typing import Annotated

import typer

from cli.access import fetch_token
from cli.commands.options import Home, running_cloud


def token(
    scope: Annotated[
        list[str] | None,
        typer.Option(help="items.read, items.write or files.write; repeat it. All by default."),
    ] = None,
    home: Home = None,
) -> None:
    """Print an access token of TapStack's machine client, for `curl -H "Authorization: Bearer"`."""
    print(fetch_token(running_cloud(home), scope or []))
