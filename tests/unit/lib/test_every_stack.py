"""What must hold in each stack of each environment, whatever the stack is for."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import product

import pytest

from tests.unit.lib.policies import (
    ACCOUNT,
    REGION,
    Request,
    admits,
    listed,
    policies,
    resolved,
    satisfying,
)
from tests.unit.synthesized import ROOT, Json, SynthesizedStack

KINDS = ("TapStack", "PartnerApiStack", "EcommerceStack")
STRANGER = "999988887777"

# For each metric of our own that an alarm watches: code that makes its function emit it.
EMISSIONS = {
    "AuditUndelivered": """
from services.partner_api.audit import AuditQueue
class Record:
    def to_json(self): return "{}"
class Down:
    def send_message(self, **_): raise OSError
AuditQueue(Down(), "").send(Record())
""",
}


@pytest.fixture(name="stack", params=product(("dev", "prod"), KINDS), ids="-".join)
def every_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    environment, kind = request.param
    app: SynthesizedStack = request.getfixturevalue(environment)
    return app.other(kind)


def alarms(stack: SynthesizedStack) -> dict[str, Json]:
    return {
        name: resolved(each["Properties"])
        for name, each in stack.all("AWS::CloudWatch::Alarm").items()
    }


def dimensions(alarm: Json) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def own_functions(stack: SynthesizedStack) -> dict[str, Json]:
    return {
        name: each["Properties"]
        for name, each in stack.all("AWS::Lambda::Function").items()
        if str(each["Properties"]["Handler"]).startswith("services.")
    }


# Alarms reach people


def test_every_alarm_has_an_action_that_admits_cloudwatch_and_so_does_its_key(
    stack: SynthesizedStack,
) -> None:
    (topic,) = stack.all("AWS::SNS::Topic")
    (topic_policy,) = stack.all("AWS::SNS::TopicPolicy").values()
    by_holder = dict(policies(stack.template))
    on_topic = resolved(topic_policy["Properties"]["PolicyDocument"]["Statement"])
    key_id = stack.all("AWS::SNS::Topic")[topic]["Properties"]["KmsMasterKeyId"]["Fn::GetAtt"][0]

    assert topic_policy["Properties"]["Topics"] == [{"Ref": topic}]
    assert alarms(stack)
    for name, alarm in alarms(stack).items():
        assert alarm["AlarmActions"] == [resolved({"Ref": topic})], name
        assert alarm.get("ActionsEnabled", True), name
        context = {
            "aws:SourceAccount": ACCOUNT,
            "aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
            "aws:SecureTransport": "true",
        }
        publish = Request(
            "cloudwatch.amazonaws.com", "sns:Publish", resolved({"Ref": topic}), context
        )
        assert admits(on_topic, publish), name
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            use = Request("cloudwatch.amazonaws.com", action, "a-key", context)
            assert admits(by_holder[key_id], use), (name, action)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aws:SourceAccount": STRANGER},
        {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{STRANGER}:alarm:theirs"},
        {"aws:SourceArn": f"arn:aws:cloudwatch:us-west-1:{ACCOUNT}:alarm:elsewhere"},
        {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/not-an-alarm"},
        {"aws:SecureTransport": "false"},
    ],
    ids=str,
)
def test_the_topic_takes_nothing_from_other_accounts_regions_sources_or_in_clear_text(
    stack: SynthesizedStack, wrong: dict[str, str]
) -> None:
    (topic,) = stack.all("AWS::SNS::Topic")
    (policy,) = stack.all("AWS::SNS::TopicPolicy").values()
    right = {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:ours",
        "aws:SecureTransport": "true",
    }

    publish = Request(
        "cloudwatch.amazonaws.com", "sns:Publish", resolved({"Ref": topic}), {**right, **wrong}
    )
    assert not admits(resolved(policy["Properties"]["PolicyDocument"]["Statement"]), publish)


def test_a_function_that_runs_once_in_a_while_raises_an_alarm_at_its_first_fault(
    stack: SynthesizedStack,
) -> None:
    callers = ("AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::Method")
    asked = json.dumps(
        [
            each["Properties"]
            for kind in (*callers, "AWS::Lambda::EventSourceMapping")
            for each in stack.all(kind).values()
        ]
    )
    rare = {name for name in own_functions(stack) if f'"{name}"' not in asked}
    watched = {
        (alarm["MetricName"], dimensions(alarm)["FunctionName"].rpartition(":")[2]): alarm
        for alarm in alarms(stack).values()
        if alarm["Namespace"] == "AWS/Lambda"
    }

    assert rare
    for name, metric in product(own_functions(stack), ("Errors", "Throttles", "Duration")):
        alarm = watched[metric, name]
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        if name in rare:
            assert alarm["EvaluationPeriods"] == 1, (name, metric)
            assert metric == "Duration" or alarm["Threshold"] == 1, (name, metric)


def test_no_alarm_listens_to_the_metrics_of_another_environment(stack: SynthesizedStack) -> None:
    for name, alarm in alarms(stack).items():
        values = dimensions(alarm).values()

        # What CloudFormation made is this stack's; what has a name of ours ends with the suffix.
        assert any(f":{ACCOUNT}:" in each or each.endswith(stack.suffix) for each in values), name


def test_every_metric_of_our_own_with_an_alarm_is_emitted_as_the_alarm_looks_for_it(
    stack: SynthesizedStack,
) -> None:
    own = [each for each in alarms(stack).values() if not each["Namespace"].startswith("AWS/")]

    assert own or stack.kind != "PartnerApiStack"
    for alarm in own:
        (variables,) = (
            resolved(each["Environment"]["Variables"])
            for each in own_functions(stack).values()
            if each["FunctionName"] == dimensions(alarm)["service"]
        )
        emission = subprocess.run(
            [sys.executable, "-c", EMISSIONS[alarm["MetricName"]]],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        line = json.loads(emission.stdout.splitlines()[-1])
        (described,) = line["_aws"]["CloudWatchMetrics"]

        assert described["Namespace"] == alarm["Namespace"]
        assert alarm["MetricName"] in [each["Name"] for each in described["Metrics"]]
        assert line[alarm["MetricName"]] == [1.0]
        assert dimensions(alarm) in [
            {name: line[name] for name in names} for names in described["Dimensions"]
        ]


# Services act for this account only


def test_no_resource_lets_a_service_act_for_another_account(stack: SynthesizedStack) -> None:
    checked = 0
    for holder, statements in policies(stack.template):
        for each in statements:
            principal = each["Principal"]
            services = listed(principal.get("Service", [])) if principal != "*" else []
            for service in services if each["Effect"] == "Allow" else []:
                context = satisfying(each)
                theirs = {key: value.replace(ACCOUNT, STRANGER) for key, value in context.items()}
                action, resource = listed(each["Action"])[0], listed(each["Resource"])[0]

                asks = Request(service, action, resource, context)
                assert admits([each], asks), (holder, each)
                assert not admits([each], replace(asks, context=theirs)), (holder, each)
                checked += 1
    assert checked >= 3  # logs and alarms use the key, alarms the topic


def test_no_function_can_be_called_by_a_service_for_another_account(
    stack: SynthesizedStack,
) -> None:
    for name, each in stack.all("AWS::Lambda::Permission").items():
        permission = resolved(each["Properties"])

        source = permission.get("SourceAccount") or permission["SourceArn"]
        assert ACCOUNT in source, name


# Names and descriptions

# Their names are one for the account, whatever the region of the stack:
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html.
GLOBAL = {
    "AWS::CloudFront::CachePolicy": "CachePolicyConfig",
    "AWS::CloudFront::Function": "",
    "AWS::CloudFront::KeyGroup": "KeyGroupConfig",
    "AWS::CloudFront::KeyValueStore": "",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
    "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig",
    "AWS::CloudFront::PublicKey": "PublicKeyConfig",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
}
NAMED_IF_AT_ALL = {
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}


def test_a_name_that_all_regions_share_holds_the_region_and_the_environment(
    stack: SynthesizedStack,
) -> None:
    names = [
        resolved((each["Properties"][config] if config else each["Properties"])["Name"])
        for kind, config in GLOBAL.items()
        for each in stack.all(kind).values()
    ] + [
        resolved(each["Properties"][name])
        for kind, name in NAMED_IF_AT_ALL.items()
        for each in stack.all(kind).values()
        if name in each.get("Properties", {})
    ]

    assert names or stack.kind == "PartnerApiStack"
    for name in names:
        assert REGION in name
        assert stack.suffix in name.split("-")


def test_the_longest_suffix_in_the_longest_region_fits_the_name_of_an_origin_access_control() -> (
    None
):
    assert len(f"tap-store-{'s' * 16}-us-isof-south-1") <= 64


def test_every_output_key_plan_and_secret_says_what_it_is_for(stack: SynthesizedStack) -> None:
    kinds = (
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::UsagePlan",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
    )
    described = {
        name: each["Properties"] for kind in kinds for name, each in stack.all(kind).items()
    } | stack.template["Outputs"]

    assert len(described) > 10
    assert not [name for name, each in described.items() if not each.get("Description")]
