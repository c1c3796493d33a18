"""Deployment of a CDK app to an embedded cloud, with the CDK CLI."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from localcloud import cdk, orphans, postgres
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.deployed_settings import DeployedSettings
from localcloud.errors import CloudError
from localcloud.reapplied import Resource, Setting, present
from localcloud.recovery import recover

_GATEWAY_LOGS = "apigateway-logs"
_GATEWAY_LOGS_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
# The CLI asks every five seconds whether a stack is complete: side by side, it waits once.
_DEPLOY = ("deploy", "--concurrency", "3", "--require-approval", "never", "--ci")
_KEPT_ASSEMBLIES = 5
_SETTLE_SECONDS = 20.0
# The embedded cloud applies them itself, a moment after each resource is made.
_OWN_TIME_SECONDS = 3.0

Step = Callable[[str, str], AbstractContextManager[None]]


def deploy(cloud: Cloud, *, step: Step, only: str | None = None, kept: Path | None = None) -> None:
    """Synthesize the cloud's app, deploy it, or `only` one stack, and wait until its settings hold.

    `step` tells of each step while it runs, and when it is done, in these words. `kept` is where
    the assembly of the app's present sources and settings is kept, and taken from if it is there;
    without it the app is synthesized each time. Raises `CloudError` with the CDK CLI's reason if
    synthesis or deployment failed.
    """
    recover(cloud)
    assembly = cloud.home / "cdk.out"
    # A synthesis that was killed leaves half an assembly, and its lock.
    shutil.rmtree(assembly, ignore_errors=True)
    with step("Synthesizing the templates", "Templates synthesized"), ThreadPoolExecutor() as pool:
        # Side by side: neither needs the other.
        jobs = [pool.submit(_synthesize, assembly, cloud, kept)]
        if not _is_bootstrapped(cloud):
            jobs.append(pool.submit(_bootstrap, cloud))
        for job in jobs:
            job.result()
    _let_gateway_log(cloud)
    with step("Deploying", "Deployed"):
        if _has_database(assembly):
            postgres.start(cloud)
        which = [only] if only else ["--all"]
        cdk.run(
            cloud.app,
            [*_DEPLOY, *which, "--app", str(assembly)],
            orphans.marked(cloud),
            cloud.home / "cdk.log",
        )
    _settle(cloud)


def _bootstrap(cloud: Cloud) -> None:
    # In a folder without a cdk.json, the CLI does not synthesize the app for it.
    target, log = f"aws://{ACCOUNT}/{REGION}", cloud.home / "cdk-bootstrap.log"
    cdk.run(cloud.app, ["bootstrap", target], orphans.marked(cloud), log, folder=cloud.home)


def _let_gateway_log(cloud: Cloud) -> None:
    """Give the account the role that REST APIs write their logs with."""
    gateway, roles = cloud.client("apigateway"), cloud.client("iam")
    if gateway.get_account().get("cloudwatchRoleArn"):
        return
    trust: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust |= {"Principal": {"Service": "apigateway.amazonaws.com"}}
    made = roles.create_role(
        RoleName=_GATEWAY_LOGS,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    roles.attach_role_policy(RoleName=_GATEWAY_LOGS, PolicyArn=_GATEWAY_LOGS_POLICY)
    arn = made["Role"]["Arn"]
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
    gateway.update_account(patchOperations=patch)


def _synthesize(assembly: Path, cloud: Cloud, kept: Path | None) -> None:
    if kept and _take(kept, assembly):
        return
    # The CLI's other commands synthesize with the validation that this one leaves out for speed.
    environ = orphans.marked(cloud) | {"CDK_VALIDATION": "false"}
    log = cloud.home / "cdk.log"
    cdk.run(cloud.app, ["synth", "--quiet", "--output", str(assembly)], environ, log)
    if kept:
        with contextlib.suppress(OSError):  # of a full disk: the next one synthesizes again
            _keep(assembly, kept)


def _take(kept: Path, assembly: Path) -> bool:
    try:
        os.utime(kept)  # Old ones are deleted.
        shutil.copytree(kept, assembly)
    except OSError:  # There is none, or the disk is full, which synthesis tells.
        shutil.rmtree(assembly, ignore_errors=True)
        return False
    return True


def _keep(assembly: Path, kept: Path) -> None:
    """Keep a whole assembly, and of those before it the last few."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="new-") as made:
        shutil.copytree(assembly, Path(made) / "assembly")
        # Whole or not at all; another process may have been first.
        with contextlib.suppress(OSError):
            (Path(made) / "assembly").rename(kept)
    others = sorted(kept.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for old in others[:-_KEPT_ASSEMBLIES]:
        shutil.rmtree(old, ignore_errors=True)


def _has_database(assembly: Path) -> bool:
    """Whether a synthesized template has an RDS instance."""
    templates = assembly.rglob("*.template.json")
    return any("AWS::RDS::DBInstance" in path.read_text("utf-8") for path in templates)


def _is_bootstrapped(cloud: Cloud) -> bool:
    client = cloud.client("cloudformation")
    try:
        [stack] = client.describe_stacks(StackName=cdk.BOOTSTRAP)["Stacks"]
    except client.exceptions.ClientError:
        return False
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def _settle(cloud: Cloud) -> None:
    """Wait until the settings that the emulator drops were re-applied and read back."""
    # What an earlier deployment was interrupted in applying, nobody else will: it is applied here.
    deployed = _physical_ids(cloud)
    DeployedSettings.of(cloud.home).keep_only({i for ids in deployed.values() for i in ids})
    # The CDK's own bucket wants AWS's own key, which the emulator does not have.
    excused = deployed.get(cdk.BOOTSTRAP, set())
    client = cache(cloud.client)
    began = time.monotonic()
    while missing := _unapplied(cloud, excused):
        waited = time.monotonic() - began
        if waited > _SETTLE_SECONDS:
            names = ", ".join(
                f"{setting.property} of {resource.id}" for setting, resource in missing
            )
            raise CloudError(f"settings were not applied: {names}; see {cloud.home / 'cloud.log'}")
        if waited > _OWN_TIME_SECONDS:
            for setting, resource in missing:
                setting.apply(client(setting.service), resource)
        time.sleep(0.1)


def _physical_ids(cloud: Cloud) -> dict[str, set[str]]:
    """The ids of the resources of every stack, by its name; the CDK's own stack among them."""
    client = cloud.client("cloudformation")
    names = [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
    return {
        name: {
            resource.get("PhysicalResourceId", "")
            for resource in client.describe_stack_resources(StackName=name)["StackResources"]
        }
        for name in names
    }


def _unapplied(cloud: Cloud, excused: set[str]) -> list[tuple[Setting, Resource]]:
    """The re-applied settings of the app's resources that do not read back as deployed."""
    client = cache(cloud.client)
    return [
        (setting, resource)
        for resource in DeployedSettings.of(cloud.home).read()
        if resource.id not in excused
        for setting in present(resource)
        if not setting.holds(client(setting.service), resource)
    ]
