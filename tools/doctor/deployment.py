"""Account, stacks, addresses and drift: is what should be deployed there, and does it answer?"""

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli import apis, preflight
from cli.assembly import Assembly
from cli.commands.cdk import assembly as synthesized
from cli.errors import CliError
from tools.doctor.site import OK, UNKNOWN, WRONG, Finding, Site

HEALTH = {"tap": ("/health",), "partner": ("/health",), "store": ("/", "/api/health")}
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_PATIENCE_SECONDS = 600


def account(site: Site) -> Iterator[Finding]:
    """Look whether the account has what a deployment needs, as `tap cdk --aws deploy` does."""
    if site.target.account is None:
        yield Finding("account", UNKNOWN, "an embedded cloud needs no preparation; --aws looks")
        return
    folder = synthesized([], site.target.account.environment())
    for name, check in preflight.CHECKS.items():
        try:
            lacks = list(check(Assembly(folder, site.clients)))
        except ClientError as error:
            yield Finding(name, UNKNOWN, f"could not look: {error}")
            continue
        for lack in lacks or [""]:
            yield Finding(name, WRONG if lack else OK, lack)


def deployed(site: Site) -> Iterator[Finding]:
    """Look whether every stack is there and its last change succeeded."""
    found = {stack.name: stack.described["StackStatus"] for stack in site.target.stacks}
    for name in sorted({*site.target.names, *found}):
        status = found.get(name, "not deployed: `make deploy`")
        yield Finding(name, OK if status in _SETTLED else WRONG, status)
    if not found:
        yield Finding("stacks", WRONG, "nothing is deployed: `tap up`, or with --aws `make deploy`")


def addresses(site: Site) -> Iterator[Finding]:
    """Look whether every API answers, with its credentials."""
    for api in site.target.apis():
        for path in HEALTH[api]:
            about = f"GET {api} {path}"
            try:
                proof = apis.credentials(site.target, api, [])
                answer = apis.call(site.target, api, "GET", path, body=None, proof=proof)
            except CliError as error:
                yield Finding(about, WRONG, str(error))
                continue
            verdict = OK if answer.status == 200 else WRONG
            mend = "" if verdict == OK else f": {answer.data.decode()[:200]}; see `tap logs`"
            yield Finding(about, verdict, f"{answer.status}{mend}")


def drift(site: Site) -> Iterator[Finding]:
    """Look whether what is deployed is what was synthesized, or on AWS what was deployed."""
    client, cloud = site.clients("cloudformation"), site.target.cloud
    for stack in site.target.stacks:
        if cloud:
            file = cloud.home / "cdk.out" / f"{stack.name}.template.json"
            same = json.loads(file.read_text("utf-8")) == client.get_template(
                StackName=stack.name, TemplateStage="Original"
            ).get("TemplateBody")
            verdict, said = (OK, "") if same else (WRONG, "not what was synthesized: `tap up`")
        else:
            status = _detect(client, stack.name)
            verdict, said = {"IN_SYNC": OK, "DRIFTED": WRONG}.get(status, UNKNOWN), status
            if verdict == WRONG and not (drifted := _drifted(client, stack.name)):
                verdict, said = OK, "but for the clients that `tap client` made"
            elif verdict == WRONG:
                said = f"{', '.join(drifted)} changed since: deploy it again, or take it over"
        yield Finding(stack.name, verdict, said)


def _drifted(client: Any, name: str) -> list[str]:
    """What was changed by others than `tap client`, which adds to an authorizer's audience."""
    only = {"StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    found = client.describe_stack_resource_drifts(StackName=name, **only)["StackResourceDrifts"]
    return [
        each["LogicalResourceId"]
        for each in found
        if each["StackResourceDriftStatus"] == "DELETED"
        or not all(
            difference["PropertyPath"].startswith("/JwtConfiguration/Audience")
            for difference in each["PropertyDifferences"]
        )
    ]


def _detect(client: Any, name: str) -> str:
    begun = client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        told = client.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if told["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return str(told.get("StackDriftStatus", told["DetectionStatus"]))
        time.sleep(2)
    return "DETECTION_IN_PROGRESS"
