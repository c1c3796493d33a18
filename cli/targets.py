"""Where a command works: the embedded cloud of this machine, or an AWS account."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli import project, stacks
from cli.console import step
from cli.errors import CliError
from cli.stacks import Clients, Stack
from localcloud import cdk

if TYPE_CHECKING:
    from cli.account import Account
    from localcloud.cloud import Cloud


@dataclass(frozen=True, kw_only=True)
class Target:
    """The app as it is deployed to one place."""

    clients: Clients
    stacks: Sequence[Stack]  # deployed; of several suffixes, the one deployed last comes first
    number: str  # of the account
    region: str
    names: Sequence[str] = ()  # the app's for its stacks there; empty where they do not matter
    cloud: "Cloud | None" = None  # None on AWS
    account: "Account | None" = None  # None for the embedded cloud

    def stack(self, kind: str) -> Stack:
        """Find the deployed stack of a kind, `project.STORE` say; `CliError` if there is none."""
        for stack in self.stacks:
            if stack.name.startswith(kind):
                return stack
        name = next((name for name in self.names if name.startswith(kind)), kind)
        there = "there; deploy it with `make deploy`"
        here = "in this embedded cloud; run `tap up`"
        raise CliError(f"{name} is not deployed {there if self.account else here}")

    def apis(self) -> dict[str, str]:
        """The addresses of the deployed APIs, by the names in `project.ADDRESSES`."""
        return {
            api: self._way_to(api, stack.outputs[output])
            for api, (kind, output) in project.ADDRESSES.items()
            for stack in reversed(self.stacks)  # of several, the first is taken last, and stays
            if stack.name.startswith(kind) and output in stack.outputs
        }

    def address(self, api: str) -> str:
        """Find the address of an API, without a slash at its end; `CliError` if there is none."""
        kind, output = project.ADDRESSES[api]
        return self._way_to(api, self.stack(kind).outputs[output])

    def _way_to(self, api: str, deployed: str) -> str:
        if self.cloud is None:
            return deployed.rstrip("/")
        # CloudFront's name leads nowhere on this machine: here the front door is the way to all.
        door = self.cloud.front_door
        return door if api == "store" else f"{door}/{api}"

    def token_url(self) -> str:
        """The address of Cognito's token endpoint; raises `CliError` without TapStack."""
        outputs = self.stack(project.ITEMS).outputs
        return f"{self.cloud.endpoint}/oauth2/token" if self.cloud else outputs["TokenUrl"]

    def confirm(self, what: str, *, yes: bool) -> None:
        """Ask before AWS is changed, unless told not to; leaves with exit code 1 on a no."""
        if self.account:
            self.account.confirm(what, yes=yes)


def find(home: Path | None, *, aws: bool = False, context: Sequence[str] | None = None) -> Target:
    """Find the target that a command's options name; raises `CliError` if there is none."""
    if not aws:
        return embedded(running_cloud(home))
    from cli.account import Account

    account = Account()
    with step("Asking the app for its stacks", "The app's stacks are known"):
        names = project.stack_names(account.environment(), context or ())
    return Target(
        clients=account.client,
        stacks=stacks.describe(account.client, names),
        number=account.number,
        region=account.region,
        names=names,
        account=account,
    )


def embedded(cloud: "Cloud") -> Target:
    """Describe what is deployed to a running embedded cloud."""
    from localcloud.cloud import ACCOUNT, REGION

    manifest = cloud.home / "cdk.out" / "manifest.json"
    latest = json.loads(manifest.read_text("utf-8"))["artifacts"] if manifest.exists() else {}
    deployed = [
        stack
        for stack in stacks.describe_all(cloud.client)
        if stack.name != cdk.BOOTSTRAP and not stack.described["StackStatus"].startswith("DELETE")
    ]
    deployed.sort(key=lambda stack: (stack.name not in latest, stack.name))
    return Target(clients=cloud.client, stacks=deployed, number=ACCOUNT, region=REGION, cloud=cloud)


def running_cloud(given: Path | None) -> "Cloud":
    """Find the running embedded cloud that a command is about; `CliError` if there is none."""
    from localcloud import process
    from localcloud.cloud import Cloud

    home = project.home(given)
    cloud = Cloud.load(home)
    if cloud is None or process.running(home) is None:
        raise CliError(f"no embedded cloud is running in {home}; start it with `tap up`")
    return cloud
