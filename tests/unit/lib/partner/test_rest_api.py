"""The partner API at API Gateway, and the firewall before it."""

import json

import pytest
from aws_cdk import App

from lib import partner_api_stack
from lib.environment import Environment
from lib.partner_api_stack import PartnerApiStack
from tests.unit.lib.partner.rest import methods
from tests.unit.synthesized import ROOT, SynthesizedStack, context


def test_the_resources_are_those_described_and_none_is_a_proxy(stack: SynthesizedStack) -> None:
    description = json.loads((ROOT / "docs/api/partner.openapi.json").read_text("utf-8"))
    described = {
        f"{method.upper()} {path}"
        for path, item in description["paths"].items()
        for method in item
        if method in ("get", "post", "put", "delete")
    }

    routed = methods(stack)
    assert {name for name in routed if not name.startswith("OPTIONS")} == described
    assert not [name for name in routed if "proxy" in name or name.startswith("ANY")]


def test_every_method_but_a_preflight_needs_an_api_key(stack: SynthesizedStack) -> None:
    open_methods = {name for name, each in methods(stack).items() if not each["ApiKeyRequired"]}

    paths = ("/", "/health", "/items", "/items/{id}")
    assert open_methods == {f"OPTIONS {path}" for path in paths}


def test_every_method_is_the_functions_own_answer(stack: SynthesizedStack) -> None:
    integrations = [each["Integration"] for each in methods(stack).values()]

    assert {each["Type"] for each in integrations} == {"AWS_PROXY"}
    assert len({json.dumps(each["Uri"]) for each in integrations}) == 1


def test_api_gateway_may_call_the_function_for_the_stages_own_methods_only(
    dev: SynthesizedStack,
) -> None:
    sources = [
        json.dumps(each["Properties"]["SourceArn"])
        for each in dev.all("AWS::Lambda::Permission").values()
        if each["Properties"]["Principal"] == "apigateway.amazonaws.com"
    ]

    assert len(sources) == len(methods(dev))
    assert all("DeploymentStageprod" in source for source in sources)


def test_bodies_and_parameters_are_validated_before_the_function_runs(
    stack: SynthesizedStack,
) -> None:
    routed = methods(stack)
    validator = stack.properties("AWS::ApiGateway::RequestValidator")
    (validator_id,) = stack.all("AWS::ApiGateway::RequestValidator")

    assert validator["ValidateRequestBody"] is True
    assert validator["ValidateRequestParameters"] is True
    for name, each in routed.items():
        if not name.startswith("OPTIONS"):
            assert each["RequestValidatorId"] == {"Ref": validator_id}
    for name in ("POST /items", "PUT /items/{id}"):
        model = stack.template["Resources"][
            routed[name]["RequestModels"]["application/json"]["Ref"]
        ]
        schema = model["Properties"]["Schema"]
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
        assert schema["type"] == "object"
        assert "$ref" not in json.dumps(schema).replace("$schema", "")


def test_the_deployment_waits_for_models_and_changes_with_them(
    dev: SynthesizedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((deployment_id, deployment),) = dev.all("AWS::ApiGateway::Deployment").items()
    assert set(dev.all("AWS::ApiGateway::Model")) <= set(deployment["DependsOn"])
    assert set(dev.all("AWS::ApiGateway::GatewayResponse")) <= set(deployment["DependsOn"])

    monkeypatch.setitem(partner_api_stack.SCHEMAS, "PartnerItemCreate", {"type": "object"})
    app = App(context=context(), builtin_cloud_formation_validation=False)
    environment = Environment.resolve(app.node, suffix="dev", environ={})
    PartnerApiStack(app, "PartnerApiStackdev", environment=environment)
    changed = app.synth().get_stack_by_name("PartnerApiStackdev").template["Resources"]

    assert deployment_id not in changed


def test_the_stage_is_traced_throttled_and_logs_no_data(stack: SynthesizedStack) -> None:
    stage = stack.properties("AWS::ApiGateway::Stage")

    assert stage["StageName"] == "prod"
    assert stage["TracingEnabled"] is True
    assert stage["MethodSettings"] == [
        {
            "DataTraceEnabled": False,
            "HttpMethod": "*",
            "LoggingLevel": "ERROR",
            "ResourcePath": "/*",
            "ThrottlingBurstLimit": 2000,
            "ThrottlingRateLimit": 1000,
        }
    ]
    assert not stack.all("AWS::ApiGateway::Account")


def test_the_log_of_errors_is_there_before_api_gateway_would_make_it(
    dev: SynthesizedStack,
) -> None:
    (stage,) = dev.all("AWS::ApiGateway::Stage").values()
    (group,) = [
        name
        for name, each in dev.all("AWS::Logs::LogGroup").items()
        if "API-Gateway-Execution-Logs_" in json.dumps(each["Properties"].get("LogGroupName"))
    ]

    assert group in stage["DependsOn"]


def test_the_access_log_has_nothing_that_a_client_words(stack: SynthesizedStack) -> None:
    written = stack.properties("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]

    line = json.loads(written)
    assert {"request_id", "ip", "api_key_id", "method", "resource", "status", "latency_ms"} <= set(
        line
    )
    for free in (
        "userAgent",
        "context.path",
        "messageString",
        "validationError",
        'identity.apiKey"',
    ):
        assert free not in written


def test_the_plan_bounds_rate_burst_and_day(dev: SynthesizedStack, prod: SynthesizedStack) -> None:
    for stack, quota in ((dev, 10_000), (prod, 1_000_000)):
        plan = stack.properties("AWS::ApiGateway::UsagePlan")
        assert plan["Throttle"] == {"BurstLimit": 2000, "RateLimit": 1000}
        assert plan["Quota"] == {"Limit": quota, "Period": "DAY"}
        (on,) = plan["ApiStages"]
        (stage,) = stack.all("AWS::ApiGateway::Stage")
        assert on["Stage"] == {"Ref": stage}


def test_the_keys_value_is_in_no_template(stack: SynthesizedStack) -> None:
    assert "Value" not in stack.properties("AWS::ApiGateway::ApiKey")
    assert stack.properties("AWS::ApiGateway::UsagePlanKey")["KeyType"] == "API_KEY"


def test_the_firewall_is_tied_to_the_stage_that_exists(dev: SynthesizedStack) -> None:
    association = dev.properties("AWS::WAFv2::WebACLAssociation")
    (stage,) = dev.all("AWS::ApiGateway::Stage")
    (acl,) = dev.all("AWS::WAFv2::WebACL")

    assert association["ResourceArn"]["Fn::Join"][1][-1] == {"Ref": stage}
    assert association["WebACLArn"] == {"Fn::GetAtt": [acl, "Arn"]}


def test_the_firewall_has_the_rules_named_in_their_order(stack: SynthesizedStack) -> None:
    acl = stack.properties("AWS::WAFv2::WebACL")
    rules = sorted(acl["Rules"], key=lambda rule: int(rule["Priority"]))

    assert acl["Scope"] == "REGIONAL"
    assert [rule["Name"] for rule in rules] == [
        "RateLimit",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    ]
    assert rules[0]["Action"] == {"Block": {}}
    assert rules[0]["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 2000,
    }
    assert all(rule["OverrideAction"] == {"None": {}} for rule in rules[1:])


def test_bodies_are_data_whose_look_is_counted_and_not_blocked(dev: SynthesizedStack) -> None:
    rules = dev.properties("AWS::WAFv2::WebACL")["Rules"]
    overridden = {
        override["Name"]: override["ActionToUse"]
        for rule in rules
        for override in rule["Statement"]
        .get("ManagedRuleGroupStatement", {})
        .get("RuleActionOverrides", [])
    }

    assert overridden == {
        "CrossSiteScripting_BODY": {"Count": {}},
        "EC2MetaDataSSRF_BODY": {"Count": {}},
        "GenericLFI_BODY": {"Count": {}},
        "GenericRFI_BODY": {"Count": {}},
        "SizeRestrictions_BODY": {"Count": {}},
    }


def test_the_firewalls_log_has_no_key(dev: SynthesizedStack) -> None:
    redacted = dev.properties("AWS::WAFv2::LoggingConfiguration")["RedactedFields"]

    assert "x-api-key" in [field["SingleHeader"]["Name"] for field in redacted]
