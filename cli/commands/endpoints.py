"""`tap endpoints`: every address of what is deployed."""

import os
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import targets
from cli.console import emit, show, styled
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json
from cli.targets import Target

if TYPE_CHECKING:
    from rich.text import Text

    from localcloud.cloud import Cloud


_EXPORT = typer.Option(
    "--export",
    help="Print shell variables that point the AWS CLI, an SDK or npx cdk at the embedded "
    'cloud: eval "$(tap endpoints --export)".',
)


def endpoints(
    as_json: Json = False,
    export: Annotated[bool, _EXPORT] = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """List the addresses of what is deployed, and the stacks' outputs."""
    if export and aws:
        raise CliError("--export is about the embedded cloud; leave out --aws")
    target = targets.find(home, aws=aws, context=context)
    if export and target.cloud:
        _print_shell(target.cloud)
    elif as_json:
        emit(addresses(target))
    else:
        show_addresses(target)


def _print_shell(cloud: "Cloud") -> None:
    wanted = cloud.credentials()
    for name in sorted(os.environ):
        if name.startswith(("AWS_", "CDK_DEFAULT_")) and name not in wanted:
            print(f"unset {name}")
    for name, value in wanted.items():
        print(f"export {name}={shlex.quote(value)}")


def addresses(target: Target) -> dict[str, Any]:
    """Collect every address and stack output of a target."""
    apis, cloud = target.apis(), target.cloud
    found: dict[str, Any] = {"account": target.number, "region": target.region}
    if cloud:
        found["aws_endpoint"] = cloud.endpoint
        found["ca_bundle"] = str(cloud.authority)
        found["front_door"] = cloud.front_door
    return found | {
        "token_url": target.token_url() if "tap" in apis else None,
        "store": apis.pop("store", None),
        "apis": apis,
        "stacks": {stack.name: stack.outputs for stack in target.stacks},
    }


def show_addresses(target: Target) -> None:
    """Print the addresses as people look at them."""
    found = addresses(target)
    rows: list[tuple[str | Text, str] | None] = []
    if found["store"]:
        rows.append(("The store", f"{found['store']}/"))
    rows.extend((f"{name} API", address) for name, address in found["apis"].items())
    if target.cloud:
        rows.append(("AWS API", found["aws_endpoint"]))
        rows.append(("Certificate of the local CA", found["ca_bundle"]))
    elif found["token_url"]:
        rows.append(("Tokens", found["token_url"]))
    for stack in target.stacks:
        rows.append(None)
        rows.extend((styled(stack.name, " ", (n, "dim")), v) for n, v in stack.outputs.items())
    show(("What", "Address"), rows, title="Endpoints")
