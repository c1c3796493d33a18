"""`tap token`: an access token for the HTTP API."""

from typing import Annotated

import typer

from cli import targets
from cli.options import Aws, Context, Home


def token(
    scope: Annotated[
        list[str] | None,
        typer.Option(help="items.read, items.write or files.write; repeat it. All by default."),
    ] = None,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Print an access token of TapStack's machine client, for an `Authorization` header.

    curl -H "Authorization: Bearer $(tap token)" ...
    """
    from cli import apis

    print(apis.fetch_token(targets.find(home, aws=aws, context=context), scope or []))
