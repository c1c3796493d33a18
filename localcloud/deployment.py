"""What is deployed to an embedded cloud, and how it gets there: through the CDK CLI."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from localcloud import process, project, store
from localcloud.cloud import ACCOUNT, REGION, Cloud, write_private
from localcloud.console import step
from localcloud.errors import CliError
from localcloud.recovery import recover
from localcloud.settings import DeployedSettings, Resource, Setting, present

_BOOTSTRAP = "CDKToolkit"
_SETTLE_SECONDS = 20.0
# The embedded cloud applies them itself, a moment after each resource is made.
_OWN_TIME_SECONDS = 3.0


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
            if stack["StackName"] != _BOOTSTRAP and not stack["StackStatus"].startswith("DELETE")
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
    recover(cloud)
    log, assembly = cloud.home / "cdk.log", str(cloud.home / "cdk.out")
    # A synthesis that was killed leaves half an assembly, and its lock.
    shutil.rmtree(assembly, ignore_errors=True)
    with step("Synthesizing the templates", "Templates synthesized"), ThreadPoolExecutor() as pool:
        # Side by side: neither needs the other.
        jobs = [pool.submit(_synthesize, assembly, cloud)]
        if not _is_bootstrapped(cloud):
            jobs.append(pool.submit(_bootstrap, cloud))
        for job in jobs:
            job.result()
    with step("Deploying", "Deployed"):
        which = [only] if only else ["--all"]
        project.run_cdk(
            ["deploy", *which, "--app", assembly, "--require-approval", "never", "--ci"],
            process.marked(cloud),
            log,
        )
    _settle(cloud)
    _open_store(cloud)
    write_private(noted, json.dumps(wanted))
    return True


def _bootstrap(cloud: Cloud) -> None:
    # In a folder without a cdk.json, the CLI does not synthesize the app for it.
    target = f"aws://{ACCOUNT}/{REGION}"
    log = cloud.home / "cdk-bootstrap.log"
    project.run_cdk(["bootstrap", target], process.marked(cloud), log, folder=cloud.home)


def _synthesize(assembly: str, cloud: Cloud) -> None:
    # The CLI's other commands synthesize with the validation that this one leaves out for speed.
    environ = process.marked(cloud) | {"CDK_VALIDATION": "false"}
    project.run_cdk(["synth", "--quiet", "--output", assembly], environ, cloud.home / "cdk.log")


def _open_store(cloud: Cloud) -> None:
    """Migrate, seed and publish the store, where it is deployed."""
    for stack in stacks(cloud):
        if stack.name.startswith("EcommerceStack"):
            with step("Opening the store", "The store is open"):
                store.migrate(cloud.client, stack.outputs, seed=True)
                store.publish(cloud.client, stack.outputs)


def _is_bootstrapped(cloud: Cloud) -> bool:
    client = cloud.client("cloudformation")
    try:
        [stack] = client.describe_stacks(StackName=_BOOTSTRAP)["Stacks"]
    except client.exceptions.ClientError:
        return False
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def _settle(cloud: Cloud) -> None:
    """Wait until the settings that the emulator drops were re-applied and read back.

    What an earlier deployment was interrupted in applying, nobody else will: it is applied here.
    """
    DeployedSettings.of(cloud.home).keep_only(_physical_ids(cloud))
    client = cache(cloud.client)
    began = time.monotonic()
    while missing := _unapplied(cloud):
        waited = time.monotonic() - began
        if waited > _SETTLE_SECONDS:
            names = ", ".join(
                f"{setting.property} of {resource.id}" for setting, resource in missing
            )
            raise CliError(f"settings were not applied: {names}; see {cloud.home / 'cloud.log'}")
        if waited > _OWN_TIME_SECONDS:
            for setting, resource in missing:
                setting.apply(client(setting.service), resource)
        time.sleep(0.1)


def _physical_ids(cloud: Cloud) -> set[str]:
    """The ids of the resources of every stack, the CDK's own among them."""
    client = cloud.client("cloudformation")
    return {
        resource.get("PhysicalResourceId", "")
        for stack in client.describe_stacks()["Stacks"]
        for resource in client.describe_stack_resources(StackName=stack["StackName"])[
            "StackResources"
        ]
    }


def _unapplied(cloud: Cloud) -> list[tuple[Setting, Resource]]:
    """The re-applied settings of the app's resources that do not read back as deployed."""
    client = cache(cloud.client)
    return [
        (setting, resource)
        for resource in DeployedSettings.of(cloud.home).read()
        if "cdk-hnb659fds" not in resource.id
        for setting in present(resource)
        if not setting.holds(client(setting.service), resource)
    ]
