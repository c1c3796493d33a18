"""What is deployed to an embedded cloud, and how it gets there: through the CDK CLI."""

import json
from dataclasses import dataclass

import localcloud.deployment
from cli import project, store
from cli.console import step
from cli.errors import CliError
from localcloud.cloud import Cloud, write_private
from localcloud.deployment import BOOTSTRAP


@dataclass(frozen=True)
class Stack:
    """A deployed stack of the app."""

    name: str
    outputs: dict[str, str]


def stacks(cloud: Cloud) -> list[Stack]:
    """The app's deployed stacks, by name; the CDK's own bootstrap stack is not one of them."""
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return sorted(
        (
            Stack(
                name=stack["StackName"],
                outputs={o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            )
            for stack in found
            if stack["StackName"] != BOOTSTRAP and not stack["StackStatus"].startswith("DELETE")
        ),
        key=lambda stack: stack.name,
    )


def find_stack(cloud: Cloud, prefix: str) -> Stack:
    """The deployed stack whose name begins so; of several suffixes, the one deployed last.

    Raises:
        CliError: none is deployed.
    """
    latest = _synthesized_last(cloud)
    for stack in sorted(stacks(cloud), key=lambda stack: stack.name not in latest):
        if stack.name.startswith(prefix):
            return stack
    raise CliError(f"{prefix} is not deployed in this embedded cloud; run `tap up`")


def _synthesized_last(cloud: Cloud) -> set[str]:
    manifest = cloud.home / "cdk.out" / "manifest.json"
    return set(json.loads(manifest.read_text("utf-8"))["artifacts"]) if manifest.exists() else set()


def deploy(cloud: Cloud, *, only: str | None = None) -> bool:
    """Bring the deployed stacks to what the sources say; False when they already are.

    Args:
        cloud: a running embedded cloud.
        only: deploy this stack alone; every stack by default.

    Raises:
        CliError: synthesis or deployment failed; the message carries the CDK CLI's reason.
    """
    wanted = {"fingerprint": project.fingerprint(), "only": only}
    noted = cloud.home / "deployed.json"
    if noted.exists() and json.loads(noted.read_text("utf-8")) == wanted and stacks(cloud):
        return False
    noted.unlink(missing_ok=True)
    localcloud.deployment.deploy(cloud, step=step, only=only)
    _open_store(cloud)
    write_private(noted, json.dumps(wanted))
    return True


def _open_store(cloud: Cloud) -> None:
    """Migrate, seed and publish the store, where it is deployed."""
    for stack in stacks(cloud):
        if stack.name.startswith("EcommerceStack"):
            with step("Opening the store", "The store is open"):
                store.migrate(cloud.client, stack.outputs, seed=True)
                store.publish(cloud.client, stack.outputs)
