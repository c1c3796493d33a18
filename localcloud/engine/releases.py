"""Releases of functions: aliases whose traffic CodeDeploy shifts, as their UpdatePolicy says.

Changes: An alias with weights draws the version of each request. A new version of an alias with
    `CodeDeployLambdaAliasUpdate` is deployed: the hook before traffic, the share of requests and
    the minutes of its configuration, on the clock that a drill puts forward. Its group's alarms or
    the hook take all traffic back, and the resource fails. Its role is asked for each call.
Original: Weights are kept and never heeded, and so is an UpdatePolicy. There is no CodeDeploy.
Fault: the emulator's; Invoke would heed `RoutingConfig`, and its CloudFormation an UpdatePolicy.
AWS:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
    A hook that ends without telling has failed here; AWS waits an hour. What a rollback does with
    aliases that were shifted before is not documented: here they go back at once.
"""

import json
import random
import re
import time
import uuid
from functools import partial
from typing import Any

from ministack import app as emulator
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import provisioners

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.consent.engine import role
from localcloud.consent.keys import may
from localcloud.engine import handlers
from localcloud.engine.handlers import Deployed, Properties
from localcloud.engine.internals import need, wrap
from localcloud.metrics.clock import MINUTE, Clock

_ALIAS = "AWS::Lambda::Alias"
_SHIFT = re.compile(r"(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minute")
_LOOK_SECONDS = 2  # alarms are evaluated every second
# Of the deployments that are under way: each one's group, and what hooks have told.
_groups: dict[str, str] = {}
_told: dict[str, str] = {}


def install(cloud: Cloud) -> None:
    """Draw versions by weight, deploy aliases, and let hooks tell what they found."""
    wrap(lambda_svc, "_effective_func_record_for_qualifier", _record)
    wrap(lambda_svc, "_invoke", _invoke)
    handlers.let_call(_ALIAS)
    handlers.wrap_verbs(_ALIAS, create=_alone, update=partial(_update, cloud), delete=_alone)
    need(router, "SERVICE_PATTERNS")["codedeploy"] = {"target_prefixes": ["CodeDeploy_20141006"]}
    need(emulator, "SERVICE_HANDLERS")["codedeploy"] = _tell
    need(iam_actions, "SERVICE_TO_IAM_NAMESPACE")["codedeploy"] = "codedeploy"
    wrap(iam_actions, "extract_resource_arn", _resource)


def _drawn(function: Properties | None, qualifier: str | None) -> str | None:
    """The version that an alias with weights routes a request to, else the qualifier itself."""
    alias = (function or {}).get("aliases", {}).get(qualifier, {})
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    shares: dict[str | None, float] = {qualifier: 1 - sum(weights.values()), **weights}
    return random.choices(list(shares), list(shares.values()))[0]  # noqa: S311


def _record(find: Any, function: Properties | None, qualifier: str | None) -> Any:
    return find(function, _drawn(function, qualifier))


def _invoke(
    invoke: Any, name: str, event: Any, sent: Any, path: str | None = None, query: Any = None
) -> Any:
    asked = need(lambda_svc, "_qualifier_from_path_or_query")(path, query)
    return invoke(name, event, sent, _drawn(need(lambda_svc, "_functions").get(name), asked), query)


async def _tell(_method: str, _path: str, _sent: Any, body: bytes, _query: Any) -> Any:
    """PutLifecycleEventHookExecutionStatus."""
    said = json.loads(body)
    if said.get("deploymentId") not in _groups:
        return error_response_json("DeploymentDoesNotExistException", "No such deployment.", 400)
    _told[said["lifecycleEventHookExecutionId"]] = said["status"]
    return json_response({"lifecycleEventHookExecutionId": said["lifecycleEventHookExecutionId"]})


def _resource(find: Any, service: str, *request: Any) -> Any:
    if service == "codedeploy":
        return _groups.get(json.loads(request[3]).get("deploymentId"), "*")
    return find(service, *request)


def _alone(original: Any, *given: Any) -> Any:
    with handlers.CHANGING:
        return original(*given)


def _update(
    cloud: Cloud, update: Any, arn: str, old: Properties, new: Properties, stack: str, which: str
) -> Deployed:
    definition = need(provisioners, "_cfn_wait_condition_definition")(stack, which)
    policy = definition.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate")
    found = need(cloudformation, "_stacks")[stack]
    before, after = old["FunctionVersion"], new["FunctionVersion"]
    if policy and before != after and "ROLLBACK" not in found["StackStatus"]:
        group = found["_resources"][policy["DeploymentGroupName"]["Ref"]]
        hook = found["_resources"][policy["BeforeAllowTrafficHook"]["Ref"]]["PhysicalResourceId"]
        _Deployment(cloud, group, arn).run(before, after, hook)
    made: Deployed = _alone(update, arn, old, new, stack, which)
    return made


class _Deployment:
    """CodeDeploy's deployment of one alias."""

    def __init__(self, cloud: Cloud, group: Properties, arn: str) -> None:
        self._said = said = group["Properties"]
        self._function, _, self._alias = arn.rpartition(":")
        self._alarms = [each["Name"] for each in said["AlarmConfiguration"]["Alarms"]]
        self._lambda = cloud.client("lambda", read_timeout=300, retries={"total_max_attempts": 1})
        self._cloudwatch, self._clock = cloud.client("cloudwatch"), Clock(cloud.home)
        self._id = f"d-{uuid.uuid4().hex[:9].upper()}"
        name = f"{said['ApplicationName']}/{group['PhysicalResourceId']}"
        _groups[self._id] = _arn("codedeploy", f"deploymentgroup:{name}")

    def run(self, before: str, after: str, hook: str) -> None:
        """Give a version all requests, step by step; raise `ValueError` if it must not have any."""
        shift = _SHIFT.search(self._said["DeploymentConfigName"])
        kind, percent, minutes = shift.groups() if shift else ("", 100, 0)
        last = int(percent) + 1 if kind == "Canary" else 100
        try:
            self._watch(0)
            self._check(hook)
            for share in range(int(percent), last, int(percent)):
                self._route(before, {after: share / 100})
                self._watch(int(minutes) * MINUTE)
            self._route(after, {})
        except Exception as error:
            self._route(before, {})
            raise ValueError(f"CodeDeploy deployment {self._id} failed: {error}") from error
        finally:
            del _groups[self._id]

    def _ask(self, action: str, *resources: str) -> None:
        codedeploy = role(self._said["ServiceRoleArn"], "codedeploy")
        for refused in (may(codedeploy, action, each) for each in resources):
            if refused:
                raise PermissionError(refused.message)

    def _check(self, hook: str) -> None:
        self._ask("lambda:InvokeFunction", _arn("lambda", f"function:{hook}"))
        execution = uuid.uuid4().hex
        event = {"DeploymentId": self._id, "LifecycleEventHookExecutionId": execution}
        self._lambda.invoke(FunctionName=hook, Payload=json.dumps(event))
        if _told.pop(execution, "Failed") != "Succeeded":
            raise RuntimeError(f"the hook before traffic, {hook}, did not succeed")

    def _route(self, version: str, weights: dict[str, float]) -> None:
        self._ask("lambda:UpdateAlias", self._function)
        to = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
        self._lambda.update_alias(FunctionName=self._function, Name=self._alias, **to)

    def _watch(self, seconds: int) -> None:
        """Wait so long; raise `RuntimeError` as soon as one of the alarms rings."""
        watched = [_arn("cloudwatch", f"alarm:{each}") for each in self._alarms]
        self._ask("cloudwatch:DescribeAlarms", *watched)
        over, end = False, self._clock.now() + seconds
        while not over:
            self._clock.read()
            over = self._clock.now() >= end
            time.sleep(_LOOK_SECONDS if seconds else 0)  # what rings in the last moment is seen
            which = {"AlarmNames": self._alarms, "StateValue": "ALARM"}
            if ringing := self._cloudwatch.describe_alarms(**which)["MetricAlarms"]:
                raise RuntimeError(f"{', '.join(each['AlarmName'] for each in ringing)} rings")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
