"""What a command works on: the embedded cloud, or AWS."""

import os
from pathlib import Path

from localcloud import deployment
from localcloud.aws import Account
from localcloud.commands.options import running_cloud
from localcloud.errors import CliError
from localcloud.store import Clients


def store_target(
    home: Path | None, *, aws: bool, yes: bool, what: str
) -> tuple[Clients, dict[str, str]]:
    """Clients of the target, and the outputs of the EcommerceStack deployed to it.

    Raises:
        CliError: it is not deployed there, or nothing runs.
    """
    if not aws:
        cloud = running_cloud(home)
        return cloud.client, deployment.find_stack(cloud, "EcommerceStack").outputs
    account = Account()
    name = f"EcommerceStack{os.environ.get('ENVIRONMENT_SUFFIX') or 'dev'}"
    cloudformation = account.client("cloudformation")
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except cloudformation.exceptions.ClientError as error:
        raise CliError(f"{name} is not deployed there; deploy it with `make deploy`") from error
    account.confirm(what, yes=yes)
    return account.client, {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
