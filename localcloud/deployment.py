"""Deployment of a CDK app to an embedded cloud, with the CDK CLI."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from localcloud import cdk, orphans, postgres
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.recovery import recover

_GATEWAY_LOGS = "apigateway-logs"
_GATEWAY_LOGS_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
# The CLI asks every five seconds whether a stack is complete: side by side, it waits once.
_DEPLOY = ("deploy", "--concurrency", "3", "--require-approval", "never", "--ci")
_KEPT_ASSEMBLIES = 5

Step = Callable[[str, str], AbstractContextManager[None]]


def deploy(cloud: Cloud, *, step: Step, only: str | None = None, kept: Path | None = None) -> None:
    """Synthesize the cloud's app, deploy it, or `only` one stack.

    `step` tells of each step while it runs, and when it is done, in these words. `kept` is where
    the assembly of the app's present sources and settings is kept, and taken from if it is there;
    without it the app is synthesized each time. Raises `CloudError` with the CDK CLI's reason if
    synthesis or deployment failed.
    """
    statuses = recover(cloud)
    assembly = cloud.home / "cdk.out"
    # A synthesis that was killed leaves half an assembly, and its lock.
    shutil.rmtree(assembly, ignore_errors=True)
    with step("Synthesizing the templates", "Templates synthesized"), ThreadPoolExecutor() as pool:
        # Side by side: neither needs the other.
        jobs = [pool.submit(_synthesize, assembly, cloud, kept)]
        if statuses.get(cdk.BOOTSTRAP) not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
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
