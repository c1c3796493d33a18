"""What an AWS account must have before the app is deployed to it, looked up first.

CloudFormation finds these out half-way, after minutes, and rolls back. What is needed is read from
the synthesized templates, so that a stack more or less changes nothing here.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
from botocore.exceptions import ClientError

from cli import stacks
from cli.assembly import Assembly
from cli.console import failed, talk
from cli.errors import CliError
from cli.stacks import Clients

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_CALM_CONCURRENCY = 100  # functions at once; the APIs take 100 requests a second by default


def require_ready(clients: Clients, folder: Path) -> None:
    """Look whether an account is ready for what was synthesized; say what it lacks, and the mend.

    What may not be looked at, for want of a permission, is said and passed over. Raises `CliError`
    if the deployment of the assembly in this folder would fail for what the account lacks.
    """
    assembly = Assembly(folder, clients)
    lacking = 0
    for name, check in CHECKS.items():
        try:
            for lack in check(assembly):
                lacking += 1
                failed(lack)
        except ClientError as error:
            talk.print(f"could not look at: {name} ({error})", style="yellow")
    if protected := assembly.new_and_protected():
        _advise(
            f"{', '.join(protected)}: what is protected cannot be taken back if its first "
            "deployment fails: deploy once with -c deletionProtection=false, then again without"
        )
    if lacking:
        raise CliError(
            f"the account is not ready, {lacking} of its settings would fail the deployment; "
            "run the commands above, then repeat"
        )


def _advise(what: str) -> None:
    talk.print(f"! {what}", style="yellow")


def _bootstrap(assembly: Assembly) -> Iterator[str]:
    ssm = assembly.clients("ssm")
    for parameter, least in assembly.bootstrap().items():
        try:
            found = int(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            found = 0
        if found < least:
            said = f"is at version {found}, {least} is needed" if found else "is missing"
            yield f"the CDK's bootstrap stack {said}: tap cdk --aws bootstrap"


def _runtimes(assembly: Assembly) -> Iterator[str]:
    # AWS has no call that lists them; the SDK's model of Lambda names what it knew at its release.
    model = botocore.loaders.create_loader().load_service_model("lambda", "service-2")
    known = set(model["shapes"]["Runtime"]["enum"])
    declared = [function["Runtime"] for function in assembly.properties("AWS::Lambda::Function")]
    # The CDK's own functions look theirs up in a mapping by region.
    for runtime in sorted({name for name in declared if isinstance(name, str)}):
        if runtime not in known:
            minors = [int(name.removeprefix("python3.")) for name in known if "python3." in name]
            newest = f"python3.{max(minors)}"
            yield (
                f"Lambda has no runtime {runtime}, the newest Python is {newest}: "
                f"rm -rf .venv && make deploy PYTHON={newest}"
            )


def _gateway_logs(assembly: Assembly) -> Iterator[str]:
    # AWS refuses a REST API's stage that logs: "CloudWatch Logs role ARN must be set in account
    # settings". The setting is the account's, one in a region, so no stack owns it.
    stages = assembly.properties("AWS::ApiGateway::Stage")
    if any("AccessLogSetting" in stage or "MethodSettings" in stage for stage in stages):
        account = assembly.clients("apigateway").get_account()
        if not account.get("cloudwatchRoleArn"):
            yield f"API Gateway may not write logs in this region: {_TABLE['grant_logs']}"


def _quotas(assembly: Assembly) -> Iterator[str]:
    quotas, ec2 = assembly.clients("service-quotas"), assembly.clients("ec2")
    for kind, told in _TABLE["quotas"].items():
        if wanted := len(assembly.properties(kind, made=True)):
            found = quotas.get_service_quota(ServiceCode=told["service"], QuotaCode=told["code"])
            limit, operation = int(found["Quota"]["Value"]), told["operation"]
            if ec2.can_paginate(operation):
                used = len(list(stacks.pages(ec2, operation, told["listed"])))
            else:
                used = len(getattr(ec2, operation)()[told["listed"]])
            if (needed := used + wanted) > limit:
                mend = _TABLE["increase"].format(**told, value=needed)
                yield f"{used} of {limit} {told['what']} are in use, {wanted} more needed: {mend}"


def _concurrency(assembly: Assembly) -> Iterator[str]:
    """Advise alone: few functions at once make calls slow, and fail no deployment."""
    limits = assembly.clients("lambda").get_account_settings()["AccountLimit"]
    if (limit := limits["ConcurrentExecutions"]) < _CALM_CONCURRENCY:
        mend = _TABLE["increase"].format(service="lambda", code="L-B99A9384", value=1000)
        few = f"Lambda runs {limit} functions at once in this account"
        _advise(f"{few}, more calls are throttled: {mend}")
    yield from ()


CHECKS = {
    "bootstrap": _bootstrap,
    "runtimes": _runtimes,
    "gateway logs": _gateway_logs,
    "quotas": _quotas,
    "concurrency": _concurrency,
}
