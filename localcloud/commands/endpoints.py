"""`tap endpoints`: every address of what is deployed."""

import shlex
from typing import Annotated, Any

import typer
from rich.table import Table

from localcloud import deployment
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.commands.options import Home, Json, running_cloud
from localcloud.console import data, emit
from localcloud.front_door import ROUTES


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
        for name, value in cloud.credentials().items():
            print(f"export {name}={shlex.quote(value)}")
    elif as_json:
        emit(addresses(cloud))
    else:
        data.print(table(addresses(cloud)))


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
            name: f"{cloud.front_door}/{name}"
            for name, route in ROUTES.items()
            if any(s.name.startswith(route.stack) and route.output in s.outputs for s in stacks)
        },
        "store": next(
            (cloud.front_door for stack in stacks if stack.name.startswith("EcommerceStack")), None
        ),
        "stacks": {stack.name: stack.outputs for stack in stacks},
    }


def table(found: dict[str, Any]) -> Table:
    """The addresses as people look at them."""
    listing = Table("What", "Address", title="Endpoints", title_justify="left")
    if found["store"]:
        listing.add_row("The store", f"{found['store']}/")
    for name, address in found["apis"].items():
        listing.add_row(f"{name} API", address)
    listing.add_row("AWS API", found["aws_endpoint"])
    listing.add_row("Certificate of the local CA", found["ca_bundle"])
    for stack, outputs in found["stacks"].items():
        listing.add_section()
        for name, value in outputs.items():
            listing.add_row(f"{stack} [dim]{name}[/]", value)
    return listing
