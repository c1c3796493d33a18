"""Releases: what calls a function calls its alias, which shifts where data is kept."""

import json
import sys
from pathlib import Path

import pytest
from aws_cdk import App

from lib.context import SettingError
from lib.environment import Environment
from tests.unit.lib.policies import listed
from tests.unit.synthesized import KINDS, Json, SynthesizedStack

ALIASES = {
    "TapStack": {"Service/Api", "Service/Health"},
    "PartnerApiStack": {"Api", "Audit/Writer"},
    "EcommerceStack": {"Service/Api"},
}
KEYS = {"TapStack": "application", "PartnerApiStack": "partner", "EcommerceStack": "store"}
every_kind = pytest.mark.parametrize("kind", KINDS)


def alias(stack: SynthesizedStack, function: str, name: str = "Live") -> Json:
    """The whole resource of a function's alias."""
    found: Json = stack.template["Resources"][stack.id_of(f"{function}/{name}")]
    return found


@every_kind
def test_where_data_is_thrown_away_an_alias_serves_what_was_deployed_last(
    dev: SynthesizedStack, kind: str
) -> None:
    stack = dev.other(kind)

    assert len(stack.all("AWS::Lambda::Alias")) == len(ALIASES[kind])
    assert not stack.all("AWS::Lambda::Version")
    assert not stack.all("AWS::CodeDeploy::DeploymentGroup")
    for function in ALIASES[kind]:
        properties = alias(stack, function, "Latest")["Properties"]
        assert (properties["Name"], properties["FunctionVersion"]) == ("latest", "$LATEST")


@every_kind
def test_where_data_is_kept_each_alias_serves_a_version_that_codedeploy_shifts(
    qa: SynthesizedStack, kind: str
) -> None:
    stack = qa.other(kind)

    for function in ALIASES[kind]:
        found = alias(stack, function)
        [version, attribute] = found["Properties"]["FunctionVersion"]["Fn::GetAtt"]
        assert (found["Properties"]["Name"], attribute) == ("live", "Version")
        assert version in stack.all("AWS::Lambda::Version")
        policy = found["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert policy == {
            "ApplicationName": stack.ref("Release/Application"),
            "DeploymentGroupName": stack.ref(f"Release/{function.rpartition('/')[2]}"),
            "BeforeAllowTrafficHook": stack.ref("Release/Check/Function"),
        }
        assert {stack.id_of("Release/Policy"), stack.id_of("Release/Check/Policy")} <= set(
            found["DependsOn"]
        )


@pytest.mark.parametrize("stack", ["dev", "qa"])
@every_kind
def test_nothing_but_the_alias_is_called_by_gateways_and_queues(
    stack: str, kind: str, request: pytest.FixtureRequest
) -> None:
    found: SynthesizedStack = request.getfixturevalue(stack).other(kind)
    aliases, functions = found.all("AWS::Lambda::Alias"), found.all("AWS::Lambda::Function")
    called = ("ApiGatewayV2::Integration", "ApiGateway::Method", "Lambda::EventSourceMapping")
    callers = [each for name in called for each in found.all(f"AWS::{name}").values()]

    assert callers
    for each in callers:
        said = json.dumps(each["Properties"])
        assert any(f'"{name}"' in said for name in aliases)
        assert not any(f'"{name}"' in said for name in functions)
    gateways = [
        each["Properties"]
        for each in found.all("AWS::Lambda::Permission").values()
        if each["Properties"]["Principal"] == "apigateway.amazonaws.com"
    ]
    assert all(each["FunctionName"]["Ref"] in aliases for each in gateways)


@every_kind
def test_each_alarm_on_requests_takes_a_release_back(qa: SynthesizedStack, kind: str) -> None:
    stack = qa.other(kind)
    groups = stack.all("AWS::CodeDeploy::DeploymentGroup").values()

    assert len(groups) == len(ALIASES[kind])
    for group in groups:
        said = group["Properties"]
        names = {each["Name"]["Ref"] for each in said["AlarmConfiguration"]["Alarms"]}
        metrics = {stack.template["Resources"][each]["Properties"]["MetricName"] for each in names}
        assert {"Errors", "Throttles", "Duration"} < metrics
        assert metrics & {"5xx", "5XXError"}
        assert said["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert set(said["AutoRollbackConfiguration"]["Events"]) == {
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
        }


@every_kind
def test_codedeploy_may_shift_these_functions_and_nothing_else(
    qa: SynthesizedStack, kind: str
) -> None:
    stack = qa.other(kind)
    policy = stack.at("Release/Policy")

    assert policy["Roles"] == [stack.ref("Release/Role")]
    assert "ManagedPolicyArns" not in stack.at("Release/Role")
    statements = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    assert {sid: set(listed(each["Action"])) for sid, each in statements.items()} == {
        "Shift": {"lambda:GetAlias", "lambda:UpdateAlias"},
        "SeeConcurrency": {"lambda:GetProvisionedConcurrencyConfig"},
        "Check": {"lambda:InvokeFunction"},
        "Watch": {"cloudwatch:DescribeAlarms"},
    }
    functions = [stack.arn(f"{each}/Function") for each in ALIASES[kind]]
    shifted = statements["Shift"]["Resource"]
    shifted = shifted if isinstance(shifted, list) else [shifted]
    assert sorted(map(str, shifted)) == sorted(map(str, functions))
    assert statements["Check"]["Resource"] == stack.arn("Release/Check/Function")
    assert "*" not in json.dumps([each["Resource"] for each in statements.values()])


@every_kind
def test_the_check_calls_each_new_version_and_tells_codedeploy_of_its_own_groups(
    qa: SynthesizedStack, kind: str
) -> None:
    stack = qa.other(kind)
    check = stack.function("release_check")
    statements = stack.statements("release_check")

    versions = {json.dumps({"Ref": name}) for name in stack.all("AWS::Lambda::Version")}
    called = json.dumps(check["Environment"]["Variables"]["FUNCTIONS"])
    asked = json.dumps(statements["Call"]["Resource"])
    assert len(versions) == len(ALIASES[kind])
    assert all(each in called and each in asked for each in versions)
    assert check["FunctionName"] == f"tap-{KEYS[kind]}-release-check-qa"
    groups = stack.all("AWS::CodeDeploy::DeploymentGroup")
    assert all(each in json.dumps(statements["TellCodeDeploy"]["Resource"]) for each in groups)
    assert "*" not in json.dumps(statements["TellCodeDeploy"]["Resource"])


def test_the_stores_migrations_are_called_before_its_new_version(qa: SynthesizedStack) -> None:
    store = qa.other("EcommerceStack")
    called = store.function("release_check")["Environment"]["Variables"]["FUNCTIONS"]

    [migrations, version] = [each for each in called["Fn::Join"][1] if each != ","]
    assert migrations == store.arn("Service/Migrations/Function")
    assert version["Ref"] in store.all("AWS::Lambda::Version")


def test_another_commit_of_the_same_code_publishes_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = []
    for author in ("one", "another"):
        monkeypatch.setenv("COMMIT_AUTHOR", author)
        stack = SynthesizedStack.of("qa", tmp_path / author)
        assert author in json.dumps(stack.template)
        published.append(set(stack.all("AWS::Lambda::Version")))

    assert published[0] == published[1]


def test_the_setting_says_how_releases_shift(tmp_path: Path) -> None:
    shift = "Linear10PercentEvery1Minute"
    stack = SynthesizedStack.of("dev", tmp_path, releaseShift=shift)

    for group in stack.all("AWS::CodeDeploy::DeploymentGroup").values():
        name = group["Properties"]["DeploymentConfigName"]
        assert name == f"CodeDeployDefault.Lambda{shift}"
    assert alias(stack, "Service/Api")["UpdatePolicy"]


def test_what_requests_call_starts_from_a_snapshot_where_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dev: SynthesizedStack
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 0))
    stack = SynthesizedStack.of("dev", tmp_path, snapStart="true")

    for kind, functions in ALIASES.items():
        found = stack.other(kind)
        assert {
            name
            for name, each in found.all("AWS::Lambda::Function").items()
            if each["Properties"].get("SnapStart") == {"ApplyOn": "PublishedVersions"}
        } == {found.id_of(f"{each}/Function") for each in functions}
        assert len(found.all("AWS::Lambda::Version")) == len(functions)
        assert not found.all("AWS::CodeDeploy::DeploymentGroup")
    assert "SnapStart" not in json.dumps(dev.template)


def test_snapshots_are_refused_for_a_python_that_lambda_has_none_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 11, 9))

    with pytest.raises(SettingError, match=r"snapStart: .* 3\.12"):
        Environment.resolve(App(context={"snapStart": "true"}).node, environ={})
