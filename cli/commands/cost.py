"""`tap cost`: what the stacks would cost a month on AWS, and which quota they hit first."""

from typing import Annotated

import typer

from cli import project
from cli.options import Json

_SET = typer.Option("--context", "-c", help="A setting, such as environmentSuffix=prod.")
_APP = typer.Option("--app", help="A folder that was synthesized, instead of the sources.")
_COMPARE = typer.Option(help="Such a folder, or a setting: show what it changes.")
_ASSUME = typer.Option(help="NAME=VALUE, instead of what tools/cost/assumptions.toml assumes.")


def cost(
    context: Annotated[list[str] | None, _SET] = None,
    app: Annotated[str, _APP] = "",
    compare: Annotated[list[str] | None, _COMPARE] = None,
    assume: Annotated[list[str] | None, _ASSUME] = None,
    as_json: Json = False,
) -> None:
    """Price the stacks: dollars a month by service, idle and as they grow.

    Each stack has the requests of its column. Prices are AWS's lists for us-east-1 without free
    tiers; the tables in tools/cost/ have sources and dates. What they do not know is an error.

    tap cost --compare natGateways=zone --assume tap-store-api.ms=40
    """
    project.tool("cost.report").tell(
        app, context or [], compare or [], assume or [], as_json=as_json
    )
