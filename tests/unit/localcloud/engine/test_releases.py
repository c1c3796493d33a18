"""Releases: what the emulator does of aliases' weights and policies, and what is done here."""

import io
import json
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from botocore.exceptions import ClientError
from ministack import app
from ministack.core import iam_actions, router
from ministack.services import lambda_svc

from localcloud.cloud import Cloud
from localcloud.consent.engine import Refusal
from localcloud.engine import releases, resources
from localcloud.engine.internals import need

NAME = "released"
CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
LINEAR = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
ALL = "CodeDeployDefault.LambdaAllAtOnce"


def template(memory: int, configuration: str, **more: Any) -> dict[str, Any]:
    """A function with a version of this much memory, and an alias that CodeDeploy shifts."""
    function = {
        "FunctionName": NAME,
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::000000000000:role/x",
        "MemorySize": memory,
        "Code": {"ZipFile": "def handler(event, context): pass"},
    }
    group = {
        "ApplicationName": {"Ref": "Application"},
        "DeploymentConfigName": configuration,
        "ServiceRoleArn": "arn:aws:iam::000000000000:role/codedeploy",
        "AlarmConfiguration": {"Alarms": [{"Name": "errors"}]},
    }
    shifted = {
        "ApplicationName": {"Ref": "Application"},
        "DeploymentGroupName": {"Ref": "Group"},
        "BeforeAllowTrafficHook": {"Ref": "Hook"},
    }
    alias = {
        "FunctionName": {"Ref": "Function"},
        "FunctionVersion": {"Fn::GetAtt": [f"Version{memory}", "Version"]},
        "Name": "live",
    }
    of_function = {"FunctionName": {"Ref": "Function"}}
    return {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Hook": {
            "Type": "AWS::Lambda::Function",
            "Properties": function | {"FunctionName": "hook", "MemorySize": 128},
        },
        "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {}},
        "Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": group},
        f"Version{memory}": {"Type": "AWS::Lambda::Version", "Properties": of_function},
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": alias,
            "DependsOn": ["Group", "Hook"],
            "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": shifted},
        },
        **more,
    }


class Release:
    """A release of the function on the emulator, and what its alias pointed to meanwhile."""

    def __init__(self, emulator: Any) -> None:
        self.told: list[str] = ["Succeeded"]  # what the hook tells, if it tells anything
        self.refused: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.seen: list[dict[str, float]] = []
        self.called: list[str] = []
        self._emulator = emulator
        self._lambda = emulator.client("lambda")
        self._stack = ""

    def client(self, service: str, **_: Any) -> Any:
        """A client of the emulator, whose Invoke is the hook's work and UpdateAlias is noted."""
        made = self._emulator.client(service)
        if service != "lambda":
            return made

        def update_alias(**given: Any) -> None:
            made.update_alias(**given)
            self.seen.append(self.versions())

        return SimpleNamespace(invoke=self._hook, update_alias=update_alias)

    def _hook(self, *, FunctionName: str, Payload: str) -> None:  # noqa: N803  # pylint: disable=invalid-name
        self.called.append(FunctionName)
        event = json.loads(Payload)
        for status in self.told:
            self._emulator.client("codedeploy").put_lifecycle_event_hook_execution_status(
                deploymentId=event["DeploymentId"],
                lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
                status=status,
            )

    def may(self, _who: Any, action: str, resource: str) -> Refusal | None:
        """Whether CodeDeploy's role may do it."""
        self.asked.append((action, resource))
        return Refusal(f"not {action}") if action in self.refused else None

    def versions(self) -> dict[str, float]:
        """What the alias routes to, in hundredths."""
        alias = self._lambda.get_alias(FunctionName=NAME, Name="live")
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        shares: dict[str, float] = {alias["FunctionVersion"]: 1 - sum(weights.values())}
        return {**shares, **weights}

    def deploy(self, configuration: str, **more: Any) -> Any:
        """Make the stack, and release a second version."""
        first = self._emulator.deploy(**template(128, configuration))
        assert first.status == "CREATE_COMPLETE", first.reason
        self._stack = first.name
        self.seen.clear()
        body = json.dumps({"Resources": template(256, configuration, **more)})
        self._emulator.client("cloudformation").update_stack(
            StackName=first.name, TemplateBody=body
        )
        return self._emulator.settled(first.name)

    def forget(self) -> None:
        """Delete the stack."""
        if self._stack:
            self._emulator.delete(self._stack)


@pytest.fixture
def release(emulator, patch, monkeypatch):
    """The patch, with minutes that are short, and a role that may do everything."""
    for owner, name in (
        (router, "SERVICE_PATTERNS"),
        (app, "SERVICE_HANDLERS"),
        (iam_actions, "SERVICE_TO_IAM_NAMESPACE"),
    ):
        monkeypatch.setattr(owner, name, dict(need(owner, name)))
    patch(resources)
    patch(releases)
    made = Release(emulator)
    monkeypatch.setattr(Cloud, "client", made.client)
    monkeypatch.setattr(releases, "role", lambda *_: None)
    monkeypatch.setattr(releases, "may", made.may)
    monkeypatch.setattr(releases, "MINUTE", 0.01)
    monkeypatch.setattr(releases, "_LOOK_SECONDS", 0.01)
    yield made
    made.forget()


def _package() -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w") as package:
        package.writestr("index.py", "")
    return made.getvalue()


@pytest.fixture
def weighted(emulator):
    """The name of an alias with half of its requests for a second version."""
    functions = emulator.client("lambda")
    functions.create_function(
        FunctionName="weighted",
        Runtime="python3.11",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/x",
        Code={"ZipFile": _package()},
    )
    functions.publish_version(FunctionName="weighted")
    functions.update_function_configuration(FunctionName="weighted", MemorySize=256)
    functions.publish_version(FunctionName="weighted")
    routing = {"AdditionalVersionWeights": {"2": 0.5}}
    functions.create_alias(
        FunctionName="weighted", Name="live", FunctionVersion="1", RoutingConfig=routing
    )
    yield "weighted:live"
    functions.delete_function(FunctionName="weighted")


def invoked(emulator, name):
    """The versions that a hundred calls of the Lambda API would run."""
    functions = emulator.client("lambda")
    dry = {"InvocationType": "DryRun"}
    return {functions.invoke(FunctionName=name, **dry)["ExecutedVersion"] for _ in range(100)}


def found(name):
    """The versions that a hundred requests of a gateway would run."""
    find = need(lambda_svc, "_get_func_record_for_ref")
    return {find(name)[1]["Version"] for _ in range(100)}


def test_the_original_routes_every_request_to_the_first_version(emulator, weighted):
    assert invoked(emulator, weighted) == found(weighted) == {"1"}


def test_requests_are_drawn_by_weight_whoever_makes_them(emulator, release, weighted):
    assert release
    assert invoked(emulator, weighted) == found(weighted) == {"1", "2"}
    assert invoked(emulator, "weighted:2") == {"2"}
    assert found("weighted") == {"$LATEST"}


def test_the_original_has_no_codedeploy_and_heeds_no_policy(emulator, patch, monkeypatch):
    patch(resources)  # the types alone
    monkeypatch.setattr(releases, "MINUTE", 0)
    release = Release(emulator)

    assert release.deploy(CANARY).status == "UPDATE_COMPLETE"
    assert (release.versions(), release.called) == ({"2": 1}, [])
    release.forget()


@pytest.mark.parametrize(
    ("configuration", "shares"),
    [(CANARY, [0.1]), (LINEAR, [n / 10 for n in range(1, 10)]), (ALL, [])],
)
def test_a_version_gets_traffic_step_by_step_after_the_hook(release, configuration, shares):
    ended = release.deploy(configuration)

    assert ended.status == "UPDATE_COMPLETE"
    assert release.called == ["hook"]
    assert [each.get("2") for each in release.seen] == [*shares, 1]
    assert release.versions() == {"2": 1}


@pytest.mark.parametrize("told", [["Failed"], []])
def test_a_hook_that_does_not_succeed_leaves_all_traffic_where_it_was(release, told):
    release.told = told

    ended = release.deploy(CANARY)

    assert (ended.status, release.called) == ("UPDATE_ROLLBACK_COMPLETE", ["hook"])
    assert all(set(each) == {"1"} for each in release.seen)
    assert release.versions() == {"1": 1}


def test_an_alarm_that_rings_takes_all_traffic_back(release, emulator, monkeypatch):
    cloudwatch = emulator.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="N",
        MetricName="M",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    routed = releases._Deployment._route

    def route(deployment, version, weights):
        routed(deployment, version, weights)
        if weights:
            why = {"StateValue": "ALARM", "StateReason": "planted"}
            cloudwatch.set_alarm_state(AlarmName="errors", **why)

    monkeypatch.setattr(releases._Deployment, "_route", route)

    ended = release.deploy(CANARY)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert [each.get("2") for each in release.seen] == [0.1, None]
    assert release.versions() == {"1": 1}
    cloudwatch.delete_alarms(AlarmNames=["errors"])


@pytest.mark.parametrize("action", ["lambda:InvokeFunction", "cloudwatch:DescribeAlarms"])
def test_codedeploy_does_what_its_role_may_alone(release, action):
    release.refused = {action}

    assert release.deploy(CANARY).status == "UPDATE_ROLLBACK_COMPLETE"
    assert release.asked[-1][0] in (action, "lambda:UpdateAlias")
    assert (release.versions(), release.called) == ({"1": 1}, [])


def test_its_role_is_asked_for_each_resource(release):
    release.deploy(CANARY)

    arn = "arn:aws:{0}:us-east-1:000000000000:"
    assert set(release.asked) == {
        ("lambda:InvokeFunction", arn.format("lambda") + "function:hook"),
        ("lambda:UpdateAlias", arn.format("lambda") + f"function:{NAME}"),
        ("cloudwatch:DescribeAlarms", arn.format("cloudwatch") + "alarm:errors"),
    }


def test_an_alias_goes_back_at_once_when_another_resource_fails(release):
    lost: dict[str, Any] = {"Type": "AWS::Lambda::Url", "DependsOn": "Live"}
    lost["Properties"] = {"TargetFunctionArn": "nothing", "AuthType": "NONE"}

    ended = release.deploy(ALL, Lost=lost)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert (release.versions(), release.called) == ({"1": 1}, ["hook"])


def test_nobody_tells_of_a_deployment_that_is_not_under_way(release, emulator):
    assert release
    with pytest.raises(ClientError, match="DeploymentDoesNotExist"):
        emulator.client("codedeploy").put_lifecycle_event_hook_execution_status(
            deploymentId="d-NONE", lifecycleEventHookExecutionId="x", status="Succeeded"
        )


def test_the_right_to_tell_is_asked_of_the_deployments_group(release, monkeypatch):
    assert release
    monkeypatch.setitem(releases._groups, "d-ONE", "arn:of:group")
    find = need(iam_actions, "extract_resource_arn")
    rest: Any = ("POST", "/", {}, b'{"deploymentId": "d-ONE"}', {}, "us-east-1", "000000000000")

    assert find("codedeploy", *rest) == "arn:of:group"
    assert find("sts", *rest) == "*"
