import importlib
import json
import re
import tomllib

import pytest
from aws_cdk import App

from lib.environment import Environment
from lib.partner_api_stack import PartnerApiStack
from tests.unit.synthesized import ROOT, Json, SynthesizedStack, context

SERVICES = ("partner_api", "audit_writer", "secret_rotation")
STATEFUL = {
    "Key961B73FD",
    "CursorSecret12D87B4E",
    "OwnedItemsDEA6CBE7",
    "AccessLogs8B620ECA",
    "AuditLogsA35F3E1F",
    "AuditUnwrittenQueue0405A9D2",
    "AuditUnwrittenDeadLetters23E5271F",
}
QUEUE, DEAD_LETTERS = "AuditUnwrittenQueue0405A9D2", "AuditUnwrittenDeadLetters23E5271F"
KEY = {"Fn::GetAtt": ["Key961B73FD", "Arn"]}
CORS = "gatewayresponse.header.Access-Control-"


@pytest.fixture(name="dev", scope="module")
def partner_in_dev(dev: SynthesizedStack) -> SynthesizedStack:
    return dev.other("PartnerApiStack")


@pytest.fixture(name="prod", scope="module")
def partner_in_prod(prod: SynthesizedStack) -> SynthesizedStack:
    return prod.other("PartnerApiStack")


@pytest.fixture(name="closed", scope="module")
def partner_without_browsers(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    return SynthesizedStack.of("qa", tmp_path_factory.mktemp("qa")).other("PartnerApiStack")


@pytest.fixture(name="stack", params=["dev", "prod"])
def either_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack


def methods(stack: SynthesizedStack) -> dict[str, Json]:
    """The methods' properties by `METHOD /path`."""
    parts = stack.all("AWS::ApiGateway::Resource")

    def path(resource: Json) -> str:
        part = parts.get(resource.get("Ref", ""))
        if part is None:
            return ""
        return f"{path(part['Properties']['ParentId'])}/{part['Properties']['PathPart']}"

    return {
        f"{each['HttpMethod']} {path(each['ResourceId']) or '/'}": each
        for each in (found["Properties"] for found in stack.all("AWS::ApiGateway::Method").values())
    }


def gateway_answers(stack: SynthesizedStack) -> dict[str, Json]:
    found = stack.all("AWS::ApiGateway::GatewayResponse").values()
    return {each["Properties"]["ResponseType"]: each["Properties"] for each in found}


def alarms(stack: SynthesizedStack) -> dict[str, Json]:
    """The alarms' properties by metric and, for functions, name of the service."""
    functions = {
        name: each["Properties"]["Handler"].split(".")[1]
        for name, each in stack.all("AWS::Lambda::Function").items()
        if each["Properties"]["Handler"].startswith("services.")
    }
    named = {}
    for each in stack.all("AWS::CloudWatch::Alarm").values():
        properties = each["Properties"]
        (dimension,) = properties["Dimensions"]
        of = (
            functions.get(dimension["Value"]["Ref"], "")
            if dimension["Name"] in "FunctionName"
            else ""
        )
        named[f"{properties['MetricName']} {of}".strip()] = properties
    return named


def test_outputs_are_those_that_others_read(stack: SynthesizedStack) -> None:
    assert set(stack.template["Outputs"]) == {
        "ApiGatewayUrl",
        "ApiKeyId",
        "WAFWebAclArn",
        "LambdaFunctionName",
        "LogsBucketName",
        "RestApiId",
        "UsagePlanId",
        "AuditQueueUrl",
        "AuditDeadLetterQueueUrl",
        "AuditWriterFunctionName",
        "DynamoDBTableName",
        "SecretArn",
    }


def test_stateful_resources_keep_their_logical_ids_or_their_data_is_lost(
    stack: SynthesizedStack,
) -> None:
    assert set(stack.template["Resources"]) >= STATEFUL


def test_data_is_retained_only_where_it_is_kept(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    for stack, policy in ((dev, "Delete"), (prod, "RetainExceptOnCreate")):
        for name in STATEFUL | set(stack.all("AWS::Logs::LogGroup")):
            assert stack.template["Resources"][name]["DeletionPolicy"] == policy, name
        kept = policy != "Delete"
        assert stack.artifact["properties"].get("terminationProtection", False) is kept
        assert stack.properties("AWS::DynamoDB::Table")["DeletionProtectionEnabled"] is kept
        assert bool(stack.all("AWS::Backup::BackupPlan")) is kept


def test_no_physical_name_is_that_of_another_stack(dev: SynthesizedStack) -> None:
    def names(stack: SynthesizedStack) -> set[str]:
        found = re.findall(r'"(?:\w*Name|Name)": "([^"$]+-dev[^"]*)"', json.dumps(stack.template))
        return set(found)

    assert names(dev) >= {"tap-partner-api-dev", "tap-audit-writer-dev", "tap-audit-dev"}
    assert not names(dev) & names(dev.other("TapStack"))


def test_everything_at_rest_is_encrypted_with_the_key(stack: SynthesizedStack) -> None:
    logs = stack.all("AWS::S3::Bucket")["AuditLogsA35F3E1F"]["Properties"]
    (encryption,) = logs["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == KEY
    assert encryption["BucketKeyEnabled"] is True
    for kind, name in (
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
    ):
        assert all(each["Properties"][name] == KEY for each in stack.all(kind).values()), kind
    assert all(stack.function(service)["KmsKeyArn"] == KEY for service in SERVICES)
    assert stack.properties("AWS::DynamoDB::Table")["SSESpecification"]["KMSMasterKeyId"] == KEY


def test_every_log_group_with_a_prescribed_name_may_use_the_key(dev: SynthesizedStack) -> None:
    statements = dev.properties("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    patterns = json.dumps(
        [
            each["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
            for each in statements
            if "kms:EncryptionContext:aws:logs:arn" in json.dumps(each.get("Condition"))
        ]
    )

    for pattern in (
        "PartnerApiStackdev-*",
        "/aws/vendedlogs/PartnerApiStackdev-*",
        "aws-waf-logs-PartnerApiStackdev",
        "API-Gateway-Execution-Logs_*",
    ):
        assert f":log-group:{pattern}" in patterns


def test_queues_buckets_and_topic_refuse_what_is_not_tls(stack: SynthesizedStack) -> None:
    policies = [
        policy
        for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
        for policy in stack.all(kind).values()
    ]

    assert len(policies) == 5
    for policy in policies:
        assert [
            each["Effect"]
            for each in policy["Properties"]["PolicyDocument"]["Statement"]
            if each.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        ] == ["Deny"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_function_has_every_setting_it_reads_and_a_handler_that_exists(
    dev: SynthesizedStack, service: str
) -> None:
    settings = importlib.import_module(f"services.{service}.settings").Settings
    own = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}

    variables = dev.function(service)["Environment"]["Variables"]
    assert set(variables) == {*settings.required_names(), *own}
    assert (ROOT / f"services/{service}/handler.py").exists()


def test_the_handler_knows_every_origin_and_the_gateway_the_first(prod: SynthesizedStack) -> None:
    variables = prod.function("partner_api")["Environment"]["Variables"]
    named = {
        each["ResponseParameters"][f"{CORS}Allow-Origin"] for each in gateway_answers(prod).values()
    }

    assert variables["ALLOWED_ORIGINS"] == "https://a.example.com,https://b.example.com:8443"
    assert named == {"'https://a.example.com'"}


def test_the_api_function_has_the_memory_and_time_it_was_measured_with(
    dev: SynthesizedStack,
) -> None:
    function = dev.function("partner_api")

    assert (function["MemorySize"], function["Timeout"]) == (512, 29)
    assert all(dev.function(service)["TracingConfig"] == {"Mode": "Active"} for service in SERVICES)


def test_functions_share_neither_role_nor_log_group(dev: SynthesizedStack) -> None:
    functions = [dev.function(service) for service in SERVICES]

    assert len({json.dumps(each["Role"]) for each in functions}) == len(SERVICES)
    assert len({json.dumps(each["LoggingConfig"]) for each in functions}) == len(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_allows_the_operations_its_package_declares_and_no_other(
    dev: SynthesizedStack, service: str
) -> None:
    declared = tomllib.loads((ROOT / f"services/{service}/package.toml").read_text("utf-8"))["aws"]
    expected = {
        f"{name}:{operation}" for name, operations in declared.items() for operation in operations
    }
    # Lambda itself takes records from the queue, as the writer's role.
    polled = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}

    statements = dev.statements(service)
    allowed = {
        action
        for sid, statement in statements.items()
        if sid not in ("WriteLogs", "WriteTraces", "UseKey", "DecryptWithKey")
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert allowed == expected | (polled if service == "audit_writer" else set())
    assert all(each["Effect"] == "Allow" for each in statements.values())


def test_roles_reach_one_table_one_secret_one_queue_and_one_prefix(dev: SynthesizedStack) -> None:
    api, writer = dev.statements("partner_api"), dev.statements("audit_writer")

    assert api["Items"]["Resource"] == {"Fn::GetAtt": ["OwnedItemsDEA6CBE7", "Arn"]}
    assert api["CursorSecret"]["Resource"] == {"Ref": "CursorSecret12D87B4E"}
    assert api["Audit"]["Resource"] == {"Fn::GetAtt": [QUEUE, "Arn"]}
    assert writer["TakeRecords"]["Resource"] == {"Fn::GetAtt": [QUEUE, "Arn"]}
    assert writer["WriteTrail"]["Resource"] == {
        "Fn::Join": ["", [{"Fn::GetAtt": ["AuditLogsA35F3E1F", "Arn"]}, "/api-logs/*"]]
    }


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

    monkeypatch.setattr("lib.partner.routes.request_schema", lambda *_: {"type": "object"})
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
            "MetricsEnabled": True,
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


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("BAD_REQUEST_BODY", "400", "invalid_request"),
        ("BAD_REQUEST_PARAMETERS", "400", "invalid_request"),
        ("INVALID_API_KEY", "403", "forbidden"),
        ("WAF_FILTERED", "403", "request_blocked"),
        ("MISSING_AUTHENTICATION_TOKEN", "404", "not_found"),
        ("THROTTLED", "429", "too_many_requests"),
        ("QUOTA_EXCEEDED", "429", "quota_exceeded"),
        ("INTEGRATION_TIMEOUT", "504", "service_unavailable"),
    ],
)
def test_the_gateways_own_answers_have_the_services_body(
    dev: SynthesizedStack, kind: str, status: str, code: str
) -> None:
    answer = gateway_answers(dev)[kind]

    assert answer["StatusCode"] == status
    assert envelope(answer)["error"]["code"] == code


def test_no_answer_of_the_gateway_repeats_a_text_that_may_hold_quotes(
    dev: SynthesizedStack,
) -> None:
    written = json.dumps([a["ResponseTemplates"] for a in gateway_answers(dev).values()])

    variables = set(re.findall(r"\$context\.([A-Za-z.]*[A-Za-z])", written))

    assert variables == {"error.messageString", "requestId", "stage"}


def envelope(answer: Json) -> Json:
    """The answer's body, as API Gateway would fill it in."""
    text = answer["ResponseTemplates"]["application/json"]
    filled = text.replace("$context.error.messageString", '"a \\"reason\\""')
    body: Json = json.loads(filled)
    return body


def test_every_answer_of_the_gateway_is_an_envelope_with_the_request_id(
    dev: SynthesizedStack,
) -> None:
    answers = gateway_answers(dev)

    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        body = envelope(answer)
        assert body["success"] is False
        assert set(body["error"]) == {"code", "message"}
        assert body["request_id"] == "$context.requestId"
        parameters = answer["ResponseParameters"]
        assert parameters["gatewayresponse.header.x-request-id"] == "context.requestId"
    for kind in ("DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"):
        assert "$context.error" not in json.dumps(answers[kind]["ResponseTemplates"])


def test_who_is_throttled_is_told_when_to_come_back(dev: SynthesizedStack) -> None:
    parameters = gateway_answers(dev)["THROTTLED"]["ResponseParameters"]

    assert parameters["gatewayresponse.header.Retry-After"] == "'1'"


def test_errors_of_the_gateway_name_the_first_origin_and_never_all(prod: SynthesizedStack) -> None:
    for answer in gateway_answers(prod).values():
        parameters = answer["ResponseParameters"]
        assert parameters[f"{CORS}Allow-Origin"] == "'https://a.example.com'"
        assert parameters[f"{CORS}Allow-Credentials"] == "'true'"
        assert parameters["gatewayresponse.header.Vary"] == "'Origin'"


def test_no_origin_means_no_cors(closed: SynthesizedStack) -> None:
    assert not [name for name in methods(closed) if name.startswith("OPTIONS")]
    assert not [
        header
        for answer in gateway_answers(closed).values()
        for header in answer["ResponseParameters"]
        if "Access-Control" in header
    ]
    assert closed.function("partner_api")["Environment"]["Variables"]["ALLOWED_ORIGINS"] == ""


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


def test_the_firewalls_log_has_no_credentials(dev: SynthesizedStack) -> None:
    logging = dev.properties("AWS::WAFv2::LoggingConfiguration")
    group = dev.properties("AWS::Logs::LogGroup", LogGroupName="aws-waf-logs-PartnerApiStackdev")
    (destination,) = logging["LogDestinationConfigs"]

    assert [field["SingleHeader"]["Name"] for field in logging["RedactedFields"]] == [
        "authorization",
        "cookie",
        "x-api-key",
    ]
    assert group["KmsKeyId"] == KEY
    assert ":*" not in json.dumps(destination)


def test_the_trail_goes_to_infrequent_access_and_then_away(stack: SynthesizedStack) -> None:
    bucket = stack.all("AWS::S3::Bucket")["AuditLogsA35F3E1F"]["Properties"]
    (rule,) = [
        rule
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if rule.get("Prefix") == "api-logs/"
    ]

    assert rule["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}]
    assert rule["ExpirationInDays"] == 90
    assert bucket["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": "AccessLogs8B620ECA"}
    log_target = stack.all("AWS::S3::Bucket")["AccessLogs8B620ECA"]["Properties"]
    assert "LoggingConfiguration" not in log_target


def bucket_denials(stack: SynthesizedStack) -> dict[str, Json]:
    """The denials of the trail's bucket, by their ids."""
    (policy,) = [
        each["Properties"]
        for each in stack.all("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == {"Ref": "AuditLogsA35F3E1F"}
    ]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"] if "Sid" in each}


RECORDS = {"Fn::Join": ["", [{"Fn::GetAtt": ["AuditLogsA35F3E1F", "Arn"]}, "/api-logs/*"]]}


def test_nobody_writes_over_a_record(stack: SynthesizedStack) -> None:
    assert bucket_denials(stack)["OnlyNewNames"] == {
        "Sid": "OnlyNewNames",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": RECORDS,
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }


def test_where_data_is_kept_nobody_deletes_a_record_and_elsewhere_the_stack_does(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    assert bucket_denials(prod)["NothingGoes"] == {
        "Sid": "NothingGoes",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        "Resource": RECORDS,
    }
    assert set(bucket_denials(dev)) == {"OnlyNewNames"}
    assert not prod.all("Custom::S3AutoDeleteObjects")


def test_where_data_is_kept_a_record_is_locked_for_as_long_as_it_is_kept(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    kept, thrown_away = (
        stack.all("AWS::S3::Bucket")["AuditLogsA35F3E1F"]["Properties"] for stack in (prod, dev)
    )
    rules = kept["LifecycleConfiguration"]["Rules"]
    (expiry,) = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]

    assert kept["ObjectLockEnabled"] is True
    assert kept["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "GOVERNANCE",
        "Days": expiry,
    }
    assert not [name for name in thrown_away if name.startswith("ObjectLock")]


def test_a_version_that_was_written_over_is_kept_as_long_as_a_record(
    stack: SynthesizedStack,
) -> None:
    bucket = stack.all("AWS::S3::Bucket")["AuditLogsA35F3E1F"]["Properties"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    (expiry,) = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]
    after = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    ]

    assert after == [expiry]


def test_the_writer_may_write_and_neither_read_nor_delete(stack: SynthesizedStack) -> None:
    actions = [
        action
        for statement in stack.statements("audit_writer").values()
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if action.startswith("s3:")
    ]

    assert actions == ["s3:PutObject"]


def test_the_items_of_each_key_are_a_partition_of_their_own(stack: SynthesizedStack) -> None:
    table = stack.properties("AWS::DynamoDB::Table")

    assert table["KeySchema"] == [
        {"AttributeName": "owner", "KeyType": "HASH"},
        {"AttributeName": "id", "KeyType": "RANGE"},
    ]
    assert "TableName" not in table


def test_no_right_reads_the_items_of_all_keys_at_once(stack: SynthesizedStack) -> None:
    allowed = json.dumps(stack.statements("partner_api"))

    assert "dynamodb:Query" in allowed
    assert "Scan" not in allowed


def test_a_record_is_tried_five_times_and_then_kept_for_fourteen_days(
    stack: SynthesizedStack,
) -> None:
    queues = {name: each["Properties"] for name, each in stack.all("AWS::SQS::Queue").items()}
    writer = stack.function("audit_writer")

    assert queues[QUEUE]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]},
        "maxReceiveCount": 5,
    }
    assert queues[QUEUE]["VisibilityTimeout"] >= 6 * writer["Timeout"]
    assert queues[DEAD_LETTERS]["MessageRetentionPeriod"] == 14 * 24 * 3600
    allowed = queues[DEAD_LETTERS]["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    assert f":{queues[QUEUE]['QueueName']}" in json.dumps(allowed["sourceQueueArns"])


def test_no_dead_letter_queue_waits_on_a_function_that_answers_its_caller(
    stack: SynthesizedStack,
) -> None:
    for function in stack.all("AWS::Lambda::Function").values():
        assert "DeadLetterConfig" not in function["Properties"]


def test_the_writer_takes_batches_reports_single_failures_and_leaves_room_for_the_api(
    stack: SynthesizedStack,
) -> None:
    mapping = stack.properties("AWS::Lambda::EventSourceMapping")

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [QUEUE, "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 5)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_alarms_watch_what_was_named_and_speak_to_the_topic(stack: SynthesizedStack) -> None:
    watched = alarms(stack)
    (topic,) = stack.all("AWS::SNS::Topic")

    # Partners retry; nobody retries the writer's and the rotation's first error.
    for service, errors, periods in (
        ("partner_api", 5, 2),
        ("audit_writer", 1, 1),
        ("secret_rotation", 1, 1),
    ):
        alarm, throttles = watched[f"Errors {service}"], watched[f"Throttles {service}"]
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (errors, periods)
        assert (throttles["Threshold"], throttles["EvaluationPeriods"]) == (1, periods)
        assert alarm["Period"] == 300
        assert watched[f"Duration {service}"]["ExtendedStatistic"] == "p99"
    assert watched["5XXError"]["Statistic"] == "Sum"
    assert watched["Latency"]["ExtendedStatistic"] == "p99"
    for metric, threshold in (
        ("ApproximateNumberOfMessagesVisible", 1),
        ("ApproximateAgeOfOldestMessage", 300),
        ("AuditUndelivered", 1),
    ):
        assert watched[metric]["Threshold"] == threshold
    depth = watched["ApproximateNumberOfMessagesVisible"]["Dimensions"][0]["Value"]
    assert depth == {"Fn::GetAtt": [DEAD_LETTERS, "QueueName"]}
    assert all(each["AlarmActions"] == [{"Ref": topic}] for each in watched.values())
    assert len(watched) == len(stack.all("AWS::CloudWatch::Alarm"))


def test_the_dashboard_shows_every_signal_that_has_an_alarm(stack: SynthesizedStack) -> None:
    body = json.dumps(stack.properties("AWS::CloudWatch::Dashboard")["DashboardBody"])

    for name in stack.all("AWS::CloudWatch::Alarm"):
        assert name in body
    for alarm in alarms(stack).values():
        assert alarm["MetricName"] in body


def test_alarms_are_mailed_when_there_is_someone_to_mail(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    assert not dev.all("AWS::SNS::Subscription")
    assert prod.properties("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"
