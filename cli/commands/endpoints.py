"""`tap endpoints`: every address of what is deployed."""

import os
import shlex
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import deployment
from cli.commands.options import Home, Json, running_cloud
from cli.console import emit, show
from localcloud.cloud import ACCOUNT, REGION, Cloud


def endpoints(
    home: Home = None,
    as_json: Json = False,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help="Print shell variables that point the AWS CLI, an SDK or npx cdk at this cloud: "
            'eval "$(tap endpoints --export)".',
        ),
    ] = False,
) -> None:
    """List the addresses of what is deployed, and the stacks' outputs."""
    cloud = running_cloud(home)
    if export:
        _print_shell(cloud)
    elif as_json:
        emit(addresses(cloud))
    else:
        show_addresses(addresses(cloud))


def _print_shell(cloud: Cloud) -> None:
    wanted = cloud.credentials()
    for name in sorted(os.environ):
        if name.startswith(("AWS_", "CDK_DEFAULT_")) and name not in wanted:
            print(f"unset {name}")
    for name, value in wanted.items():
        print(f"export {name}={shlex.quote(value)}")


def addresses(cloud: Cloud) -> dict[str, Any]:
    """Every address and stack output of a running cloud."""
    stacks = deployment.stacks(cloud)
    return {
        "account": ACCOUNT,
        "region": REGION,
        "aws_endpoint": cloud.endpoint,
        "ca_bundle": str(cloud.authority),
        "front_door": cloud.front_door,
        "token_url": f"{cloud.endpoint}/oauth2/token",
        "apis": {
            route.path: f"{cloud.front_door}/{route.path}"
            for route in cloud.app.routes
            if route.path
            and any(s.name.startswith(route.stack) and route.output in s.outputs for s in stacks)
        },
        "store": next(
            (cloud.front_door for stack in stacks if stack.name.startswith("EcommerceStack")), None
        ),
        "stacks": {stack.name: stack.outputs for stack in stacks},
    }


def show_addresses(found: dict[str, Any]) -> None:
    """Print the addresses as people look at them."""
    rows: list[tuple[str | Text, str] | None] = []
    if found["store"]:
        rows.append(("The store", f"{found['store']}/"))
    rows.extend((f"{name} API", address) for name, address in found["apis"].items())
    rows.append(("AWS API", found["aws_endpoint"]))
    rows.append(("Certificate of the local CA", found["ca_bundle"]))
    for stack, outputs in found["stacks"].items():
        rows.append(None)
        rows.extend(
            (Text.assemble(stack, " ", (name, "dim")), value) for name, value in outputs.items()
        )
    show(("What", "Address"), rows, title="Endpoints")
