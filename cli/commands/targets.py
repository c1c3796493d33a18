"""What a command works on: the embedded cloud, or AWS."""

from collections.abc import Sequence
from pathlib import Path

from cli import deployment, project
from cli.aws import Account
from cli.commands.options import running_cloud
from cli.console import step
from cli.errors import CliError
from cli.store import Clients

_STORE = "EcommerceStack"


def store_target(
    home: Path | None, *, aws: bool, yes: bool, context: Sequence[str], what: str
) -> tuple[Clients, dict[str, str]]:
    """Clients of the target, and the outputs of the EcommerceStack deployed to it.

    Args:
        home: The embedded cloud's folder.
        aws: Whether the target is AWS.
        yes: Whether not to ask before AWS is changed.
        context: Settings that were given to the deployment, as `name=value`.
        what: The command, as the question names it.

    Raises:
        CliError: It is not deployed there, or nothing runs.
    """
    if not aws:
        cloud = running_cloud(home)
        return cloud.client, deployment.find_stack(cloud, _STORE).outputs
    account = Account()
    with step("Asking the app for its stacks", "The app's stacks are known"):
        names = project.stack_names(account.environment(), context)
    name = next(name for name in names if name.startswith(_STORE))
    cloudformation = account.client("cloudformation")
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except cloudformation.exceptions.ClientError as error:
        raise CliError(f"{name} is not deployed there; deploy it with `make deploy`") from error
    account.confirm(f"{what} {name}", yes=yes)
    return account.client, {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
