import json

import pytest

from tests.unit.synthesized import Json, SynthesizedStack

SCOPES = ["tap/items.read", "tap/items.write", "tap/files.write"]


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
    assert dev.at("Files")["BucketName"] == {
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


def test_the_table_is_paid_by_request_and_has_one_key(stack: SynthesizedStack) -> None:
    table = stack.properties("AWS::DynamoDB::Table")

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def test_the_index_of_lists_has_keys_alone(stack: SynthesizedStack) -> None:
    [index] = stack.properties("AWS::DynamoDB::Table")["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "listed"
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert index["KeySchema"] == [
        {"AttributeName": "listed_in", "KeyType": "HASH"},
        {"AttributeName": "listed_at", "KeyType": "RANGE"},
    ]


@pytest.mark.parametrize(
    ("service", "memory", "timeout"),
    [("items_api", 512, 29), ("health", 256, 10), ("secret_rotation", 256, 30)],
)
def test_a_function_has_the_memory_and_time_it_was_measured_with(
    dev: SynthesizedStack, service: str, memory: int, timeout: int
) -> None:
    function = dev.function(service)

    assert (function["MemorySize"], function["Timeout"]) == (memory, timeout)
    assert "ReservedConcurrentExecutions" not in function


def test_the_api_reaches_one_table_one_prefix_and_one_secret(dev: SynthesizedStack) -> None:
    statements = dev.statements("items_api")

    assert statements["Items"]["Resource"] == dev.arn("Items")
    assert statements["ItemsInOrder"]["Action"] == "dynamodb:Query"
    assert statements["ItemsInOrder"]["Resource"] == {
        "Fn::Join": ["", [dev.arn("Items"), "/index/listed"]]
    }
    assert statements["CursorSecret"]["Resource"] == dev.ref("CursorSecret/Secret")
    assert statements["Files"]["Resource"] == {"Fn::Join": ["", [dev.arn("Files"), "/uploads/*"]]}


def test_the_health_function_can_read_no_item_no_file_and_no_name_of_one(
    dev: SynthesizedStack,
) -> None:
    statements = dev.statements("health")

    own = {"Table", "Bucket", "CursorSecret", "DecryptWithKey"}
    assert set(statements) == {"WriteLogs", "WriteTraces", *own}
    assert statements["Table"]["Action"] == "dynamodb:DescribeTable"
    assert statements["Bucket"]["Action"] == "s3:GetBucketLocation"
    assert statements["CursorSecret"]["Action"] == "secretsmanager:GetSecretValue"


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
    assert schedule["SecretId"] == stack.ref("CursorSecret/Secret")


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
    assert stack.id_of("Identity/UserPool") in json.dumps(authorizer["JwtConfiguration"]["Issuer"])
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


def test_no_origin_means_no_cors(qa: SynthesizedStack) -> None:
    assert "CorsConfiguration" not in qa.properties("AWS::ApiGatewayV2::Api")
