import importlib
import json
import tomllib

import pytest

from lib.packaging.package import PYTHON_RUNTIME
from tests.unit.synthesized import ROOT, Json, SynthesizedStack

SERVICES = ("items_api", "health", "secret_rotation")
SCOPES = ["tap/items.read", "tap/items.write", "tap/files.write"]
STATEFUL = {
    "Key961B73FD",
    "CursorSecret12D87B4E",
    "Items5C12978B",
    "AccessLogs8B620ECA",
    "Files8E6940B8",
    "IdentityUserPool96FE3B9B",
}
KEY = {"Fn::GetAtt": ["Key961B73FD", "Arn"]}


@pytest.fixture(name="stack", params=["dev", "prod"])
def either_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack


def test_physical_names_end_with_the_suffix(stack: SynthesizedStack) -> None:
    names = json.dumps(stack.template["Resources"])

    for name in (
        "alias/tap-application-key-",
        "tap-application-secrets-",
        "tap-data-table-",
        "tap-api-function-",
        "tap-health-function-",
        "tap-http-api-",
    ):
        assert f'"{name}{stack.suffix}"' in names


def test_the_bucket_is_named_for_its_account_and_region(dev: SynthesizedStack) -> None:
    assert dev.all("AWS::S3::Bucket")["Files8E6940B8"]["Properties"]["BucketName"] == {
        "Fn::Join": [
            "",
            ["tap-storage-bucket-dev-", {"Ref": "AWS::AccountId"}, "-", {"Ref": "AWS::Region"}],
        ]
    }


def test_the_longest_suffix_in_the_longest_region_fits_a_bucket_name() -> None:
    assert len(f"tap-storage-bucket-{'s' * 16}-{'1' * 12}-ap-southeast-1") == 63


def test_outputs_are_those_that_others_read(stack: SynthesizedStack) -> None:
    assert set(stack.template["Outputs"]) == {
        "ApiEndpoint",
        "S3BucketName",
        "DynamoDBTableName",
        "SecretArn",
        "KMSKeyId",
        "UserPoolId",
        "UserPoolClientId",
        "TokenUrl",
        "ApiFunctionName",
        "HealthFunctionName",
        "HttpApiId",
    }


def test_stateful_resources_keep_their_logical_ids_or_their_data_is_lost(
    stack: SynthesizedStack,
) -> None:
    assert set(stack.template["Resources"]) >= STATEFUL


def test_data_is_retained_only_where_it_is_kept(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    for stack, policy in ((dev, "Delete"), (prod, "RetainExceptOnCreate")):
        groups = set(stack.all("AWS::Logs::LogGroup"))
        for name in STATEFUL | groups:
            assert stack.template["Resources"][name]["DeletionPolicy"] == policy, name


def test_deletion_is_protected_where_data_is_kept(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    for stack, kept, word in ((dev, False, "INACTIVE"), (prod, True, "ACTIVE")):
        assert stack.properties("AWS::DynamoDB::Table")["DeletionProtectionEnabled"] is kept
        assert stack.properties("AWS::Cognito::UserPool")["DeletionProtection"] == word


def test_kept_data_is_backed_up_daily_in_an_encrypted_vault(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    rule = prod.properties("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"][0]

    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert prod.properties("AWS::Backup::BackupVault")["EncryptionKeyArn"] == KEY
    selected = prod.properties("AWS::Backup::BackupSelection")["BackupSelection"]["Resources"]
    assert "Items5C12978B" in json.dumps(selected)
    assert not dev.all("AWS::Backup::BackupPlan")


def test_everything_at_rest_is_encrypted_with_the_key(stack: SynthesizedStack) -> None:
    key = stack.properties("AWS::KMS::Key")
    table = stack.properties("AWS::DynamoDB::Table")
    files = stack.all("AWS::S3::Bucket")["Files8E6940B8"]["Properties"]
    (encryption,) = files["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert key["EnableKeyRotation"] is True
    assert table["SSESpecification"]["KMSMasterKeyId"] == KEY
    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": KEY,
    }
    assert stack.properties("AWS::SecretsManager::Secret")["KmsKeyId"] == KEY
    assert stack.properties("AWS::SNS::Topic")["KmsMasterKeyId"] == KEY
    assert all(
        group["Properties"]["KmsKeyId"] == KEY
        for group in stack.all("AWS::Logs::LogGroup").values()
    )
    assert all(stack.function(service)["KmsKeyArn"] == KEY for service in SERVICES)


def test_cloudwatch_logs_may_use_the_key_for_this_stacks_log_groups_only(
    dev: SynthesizedStack,
) -> None:
    statements = dev.properties("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (logs,) = [each for each in statements if each.get("Sid") == "LogGroupsOfThisStack"]

    patterns = json.dumps(logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"])
    assert "log-group:TapStackdev-*" in patterns
    assert "log-group:/aws/vendedlogs/TapStackdev-*" in patterns


def test_the_table_can_be_restored_to_any_second(stack: SynthesizedStack) -> None:
    table = stack.properties("AWS::DynamoDB::Table")

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def test_no_bucket_is_public_unversioned_or_keeps_unfinished_uploads(
    stack: SynthesizedStack,
) -> None:
    for bucket in stack.all("AWS::S3::Bucket").values():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = properties["LifecycleConfiguration"]["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] in (1, 30)


def test_buckets_and_topic_refuse_what_is_not_tls(stack: SynthesizedStack) -> None:
    policies = [*stack.all("AWS::S3::BucketPolicy").values()]
    policies += stack.all("AWS::SNS::TopicPolicy").values()

    assert len(policies) == 3
    for policy in policies:
        refusals = [
            each
            for each in policy["Properties"]["PolicyDocument"]["Statement"]
            if each.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        assert [each["Effect"] for each in refusals] == ["Deny"]
        assert refusals[0]["Principal"] in ("*", {"AWS": "*"})


def test_no_bucket_logs_to_itself(stack: SynthesizedStack) -> None:
    buckets = stack.all("AWS::S3::Bucket")

    assert buckets["Files8E6940B8"]["Properties"]["LoggingConfiguration"] == {
        "DestinationBucketName": {"Ref": "AccessLogs8B620ECA"},
        "LogFilePrefix": "files/",
    }
    assert "LoggingConfiguration" not in buckets["AccessLogs8B620ECA"]["Properties"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_function_has_every_setting_it_reads_and_a_handler_that_exists(
    dev: SynthesizedStack, service: str
) -> None:
    function = dev.function(service)
    settings = importlib.import_module(f"services.{service}.settings").Settings
    own = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}

    variables = function["Environment"]["Variables"]
    assert set(variables) == {*settings.required_names(), *own}
    assert variables["POWERTOOLS_SERVICE_NAME"] == function["FunctionName"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "TAP"
    assert (ROOT / f"services/{service}/handler.py").exists()


@pytest.mark.parametrize(
    ("service", "memory", "timeout"),
    [("items_api", 512, 29), ("health", 256, 10), ("secret_rotation", 256, 30)],
)
def test_a_function_runs_the_python_that_built_it_and_logs_json(
    dev: SynthesizedStack, service: str, memory: int, timeout: int
) -> None:
    function = dev.function(service)

    assert function["Runtime"] == PYTHON_RUNTIME
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert (function["MemorySize"], function["Timeout"]) == (memory, timeout)
    assert "ReservedConcurrentExecutions" not in function


def test_functions_share_neither_role_nor_log_group(dev: SynthesizedStack) -> None:
    functions = [dev.function(service) for service in SERVICES]

    assert len({json.dumps(each["Role"]) for each in functions}) == len(SERVICES)
    assert len({json.dumps(each["LoggingConfig"]) for each in functions}) == len(SERVICES)


def resources(statement: Json) -> str:
    return json.dumps(statement["Resource"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_allows_the_operations_its_package_declares_and_no_other(
    dev: SynthesizedStack, service: str
) -> None:
    declared = tomllib.loads((ROOT / f"services/{service}/package.toml").read_text("utf-8"))["aws"]
    # Heads of objects have a permission of another name.
    permissions = {"HeadObject": "GetObject"}
    expected = {
        f"{name}:{permissions.get(operation, operation)}"
        for name, operations in declared.items()
        for operation in operations
    }

    statements = dev.statements(service)
    allowed = {
        action
        for sid, statement in statements.items()
        if sid not in ("WriteLogs", "WriteTraces", "UseKey", "DecryptWithKey")
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert allowed == expected
    assert all(each["Effect"] == "Allow" for each in statements.values())


def test_the_api_reaches_one_table_one_prefix_and_one_secret(dev: SynthesizedStack) -> None:
    statements = dev.statements("items_api")

    assert statements["Items"]["Resource"] == {"Fn::GetAtt": ["Items5C12978B", "Arn"]}
    assert statements["CursorSecret"]["Resource"] == {"Ref": "CursorSecret12D87B4E"}
    assert statements["Files"]["Resource"] == {
        "Fn::Join": ["", [{"Fn::GetAtt": ["Files8E6940B8", "Arn"]}, "/uploads/*"]]
    }


def test_the_health_function_can_read_no_item_no_file_and_no_name_of_one(
    dev: SynthesizedStack,
) -> None:
    statements = dev.statements("health")

    own = {"Table", "Bucket", "CursorSecret", "DecryptWithKey"}
    assert set(statements) == {"WriteLogs", "WriteTraces", *own}
    assert statements["Table"]["Action"] == "dynamodb:DescribeTable"
    assert statements["Bucket"]["Action"] == "s3:GetBucketLocation"
    assert statements["CursorSecret"]["Action"] == "secretsmanager:GetSecretValue"


def test_wildcard_resources_are_only_where_a_policy_can_name_none(dev: SynthesizedStack) -> None:
    wild = {
        (service, sid)
        for service in SERVICES
        for sid, statement in dev.statements(service).items()
        if "*" in resources(statement)
    }

    assert wild == {(service, "WriteTraces") for service in SERVICES} | {
        ("items_api", "Files"),
        ("secret_rotation", "MakePassword"),
    }
    assert not [
        action
        for service in SERVICES
        for statement in dev.statements(service).values()
        for action in statement["Action"]
        if isinstance(statement["Action"], list) and "*" in action
    ]


BOTH = ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("service", "sid", "actions", "through"),
    [
        ("items_api", "UseKey", BOTH, ["dynamodb", "s3"]),
        ("items_api", "DecryptWithKey", "kms:Decrypt", ["secretsmanager"]),
        ("health", "DecryptWithKey", "kms:Decrypt", ["secretsmanager"]),
        ("secret_rotation", "UseKey", BOTH, ["secretsmanager"]),
    ],
)
def test_functions_use_the_key_only_through_the_services_they_call(
    dev: SynthesizedStack, service: str, sid: str, actions: object, through: list[str]
) -> None:
    statement = dev.statements(service)[sid]

    assert statement["Action"] == actions
    assert statement["Resource"] == KEY
    named = statement["Condition"]["StringEquals"]["kms:ViaService"]
    named = named if isinstance(named, list) else [named]
    assert [each["Fn::Join"][1][0] for each in named] == [f"{name}." for name in through]


def test_the_secret_is_generated_and_rotated_every_thirty_days(stack: SynthesizedStack) -> None:
    generated = stack.properties("AWS::SecretsManager::Secret")["GenerateSecretString"]
    schedule = stack.properties("AWS::SecretsManager::RotationSchedule")

    assert generated == {
        "ExcludePunctuation": True,
        "GenerateStringKey": "password",
        "PasswordLength": 32,
        "SecretStringTemplate": '{"username": "admin"}',
    }
    assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule["SecretId"] == {"Ref": "CursorSecret12D87B4E"}


def test_secrets_manager_may_call_the_rotation_function_for_this_account(
    dev: SynthesizedStack,
) -> None:
    permission = dev.properties("AWS::Lambda::Permission", Principal="secretsmanager.amazonaws.com")

    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_every_route_but_health_needs_a_token_with_a_scope(stack: SynthesizedStack) -> None:
    routes = {
        each["Properties"]["RouteKey"]: (
            each["Properties"]["AuthorizationType"],
            each["Properties"].get("AuthorizationScopes", []),
        )
        for each in stack.all("AWS::ApiGatewayV2::Route").values()
    }

    assert routes == {
        "POST /api": ("JWT", SCOPES),
        "GET /health/details": ("JWT", SCOPES),
        "GET /health": ("NONE", []),
    }


def test_tokens_are_those_of_the_machine_client(stack: SynthesizedStack) -> None:
    authorizer = stack.properties("AWS::ApiGatewayV2::Authorizer")
    client = stack.properties("AWS::Cognito::UserPoolClient")
    pool = stack.properties("AWS::Cognito::UserPool")

    (audience,) = authorizer["JwtConfiguration"]["Audience"]
    assert audience["Ref"] in stack.all("AWS::Cognito::UserPoolClient")
    assert "IdentityUserPool96FE3B9B" in json.dumps(authorizer["JwtConfiguration"]["Issuer"])
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    # Without the property, Cognito would let users in by SRP and custom flows.
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["GenerateSecret"] is True
    assert client["AccessTokenValidity"] == 15
    assert len(client["AllowedOAuthScopes"]) == len(SCOPES)
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}


def test_the_stage_is_throttled_and_deploys_itself(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    for stack, rate, burst in ((dev, 100, 200), (prod, 50, 75)):
        stage = stack.properties("AWS::ApiGatewayV2::Stage")
        assert stage["StageName"] == "$default"
        assert stage["AutoDeploy"] is True
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == rate
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == burst


def test_the_access_log_tells_what_happened_and_holds_no_token(stack: SynthesizedStack) -> None:
    settings = stack.properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]

    line = json.loads(settings["Format"])
    assert {"request_id", "ip", "route", "status", "latency_ms", "integration_error"} <= set(line)
    assert "authorization" not in settings["Format"].lower()
    assert "body" not in settings["Format"].lower()


def test_only_named_origins_may_call_from_a_browser(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    def origins(stack: SynthesizedStack) -> list[str]:
        cors: Json = stack.properties("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
        assert "AllowCredentials" not in cors
        allowed: list[str] = cors["AllowOrigins"]
        return allowed

    assert origins(dev) == ["http://localhost:8080"]
    assert origins(prod) == ["https://a.example.com", "https://b.example.com:8443"]


def test_no_origin_means_no_cors(tmp_path_factory: pytest.TempPathFactory) -> None:
    closed = SynthesizedStack.of("qa", tmp_path_factory.mktemp("qa"))

    assert "CorsConfiguration" not in closed.properties("AWS::ApiGatewayV2::Api")


def test_errors_throttles_and_latency_of_every_function_and_the_api_raise_an_alarm(
    stack: SynthesizedStack,
) -> None:
    alarms = [each["Properties"] for each in stack.all("AWS::CloudWatch::Alarm").values()]

    watched = {
        (alarm["MetricName"], dimension["Value"]["Ref"])
        for alarm in alarms
        for dimension in alarm["Dimensions"]
    }
    functions = {
        name
        for name, each in stack.all("AWS::Lambda::Function").items()
        if str(each["Properties"]["Handler"]).startswith("services.")
    }
    (api,) = stack.all("AWS::ApiGatewayV2::Api")
    assert watched == {
        (metric, function)
        for metric in ("Errors", "Throttles", "Duration")
        for function in functions
    } | {("5xx", api), ("Latency", api)}
    (topic,) = stack.all("AWS::SNS::Topic")
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms)


def test_alarms_are_mailed_when_there_is_someone_to_mail(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    assert not dev.all("AWS::SNS::Subscription")
    assert prod.properties("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"


def test_logs_are_kept_for_as_long_as_the_setting_says(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    for stack, days in ((dev, 7), (prod, 731)):
        groups = stack.all("AWS::Logs::LogGroup").values()
        assert {group["Properties"]["RetentionInDays"] for group in groups} == {days}
        (rule,) = stack.all("AWS::S3::Bucket")["AccessLogs8B620ECA"]["Properties"][
            "LifecycleConfiguration"
        ]["Rules"]
        assert rule["ExpirationInDays"] == days
