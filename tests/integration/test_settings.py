"""What is deployed has the settings that its template asks for."""

import json
from typing import Any

import pytest

from tests.deployment import Deployment


@pytest.fixture(scope="module")
def key_arn(deployment: Deployment) -> str:
    """The ARN of the stack's key."""
    found = deployment.client("kms").describe_key(KeyId=deployment.outputs["KMSKeyId"])
    return str(found["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def bucket(deployment: Deployment) -> str:
    """The bucket's name."""
    return deployment.outputs["S3BucketName"]


@pytest.fixture(scope="module")
def table(deployment: Deployment) -> dict[str, Any]:
    """The table, as DynamoDB describes it."""
    found: dict[str, Any] = deployment.client("dynamodb").describe_table(
        TableName=deployment.outputs["DynamoDBTableName"]
    )["Table"]
    return found


@pytest.fixture(scope="module")
def stage(deployment: Deployment) -> dict[str, Any]:
    """The API's stage."""
    found: dict[str, Any] = deployment.client("apigatewayv2").get_stage(
        ApiId=deployment.outputs["HttpApiId"], StageName="$default"
    )
    return found


def test_the_key_is_rotated(deployment: Deployment, key_arn: str) -> None:
    status = deployment.client("kms").get_key_rotation_status(KeyId=key_arn)

    assert status["KeyRotationEnabled"] is True


def test_the_table_is_encrypted_with_the_key(table: dict[str, Any], key_arn: str) -> None:
    assert table["SSEDescription"]["SSEType"] == "KMS"
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key_arn


def test_the_table_can_be_restored_to_any_second(deployment: Deployment) -> None:
    backups = deployment.client("dynamodb").describe_continuous_backups(
        TableName=deployment.outputs["DynamoDBTableName"]
    )["ContinuousBackupsDescription"]

    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_table_is_protected_from_deletion_where_data_is_kept(table: dict[str, Any]) -> None:
    suffix = table["TableName"].removeprefix("tap-data-table-")
    thrown_away = suffix in ("dev", "local") or suffix.startswith("pr")

    assert table.get("DeletionProtectionEnabled", False) is not thrown_away


def test_the_table_is_paid_on_demand(table: dict[str, Any]) -> None:
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_bucket_is_encrypted_with_the_key(
    deployment: Deployment, bucket: str, key_arn: str
) -> None:
    found = deployment.client("s3").get_bucket_encryption(Bucket=bucket)

    [rule] = found["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key_arn,
    }
    assert rule["BucketKeyEnabled"] is True


def test_the_bucket_has_no_public_access(deployment: Deployment, bucket: str) -> None:
    block = deployment.client("s3").get_public_access_block(Bucket=bucket)

    assert block["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }


def test_the_bucket_keeps_versions(deployment: Deployment, bucket: str) -> None:
    assert deployment.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_the_bucket_has_one_owner(deployment: Deployment, bucket: str) -> None:
    found = deployment.client("s3").get_bucket_ownership_controls(Bucket=bucket)

    assert found["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_old_versions_and_unfinished_uploads_expire(deployment: Deployment, bucket: str) -> None:
    [rule] = deployment.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1


def test_access_to_the_bucket_is_logged_in_another_one(deployment: Deployment, bucket: str) -> None:
    logging = deployment.client("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"]

    assert logging["TargetBucket"] != bucket


@pytest.mark.parametrize(
    ("test", "key", "value"),
    [
        ("Bool", "aws:SecureTransport", "false"),
        ("NumericLessThan", "s3:TlsVersion", "1.2"),
    ],
)
def test_the_bucket_policy_refuses_all_but_tls_1_2_to_everyone(
    deployment: Deployment, bucket: str, test: str, key: str, value: str
) -> None:
    policy = deployment.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]

    [statement] = [
        statement
        for statement in json.loads(policy)["Statement"]
        if str(statement.get("Condition", {}).get(test, {}).get(key)) == value
    ]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Principal"] in ("*", {"AWS": "*"})
    assert set(statement["Resource"]) == {f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"}


def test_the_secret_is_encrypted_with_the_key_and_rotated_monthly(
    deployment: Deployment, key_arn: str
) -> None:
    secret = deployment.client("secretsmanager").describe_secret(
        SecretId=deployment.outputs["SecretArn"]
    )

    assert secret["KmsKeyId"] in (key_arn, deployment.outputs["KMSKeyId"])
    assert secret["RotationEnabled"] is True
    assert secret["RotationRules"]["AutomaticallyAfterDays"] == 30


def test_every_log_is_encrypted_and_ends(
    deployment: Deployment, functions: Any, stage: dict[str, Any], key_arn: str
) -> None:
    access_log = stage["AccessLogSettings"]["DestinationArn"].removesuffix(":*")
    names = {function.log_group for function in functions.values()}
    names.add(access_log.rpartition(":log-group:")[2])

    for name in names:
        groups = deployment.client("logs").describe_log_groups(logGroupNamePrefix=name)
        [group] = [group for group in groups["logGroups"] if group["logGroupName"] == name]
        assert group["retentionInDays"] == 365
        assert group["kmsKeyId"] == key_arn


def test_the_stage_is_throttled(stage: dict[str, Any]) -> None:
    limits = stage["DefaultRouteSettings"]

    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (100, 200)


def test_the_access_log_is_json_without_bodies_or_tokens(stage: dict[str, Any]) -> None:
    logged = json.loads(stage["AccessLogSettings"]["Format"])

    assert {"request_id", "route", "status", "ip"} <= logged.keys()
    assert "authorization" not in stage["AccessLogSettings"]["Format"].lower()
    assert "body" not in stage["AccessLogSettings"]["Format"].lower()


def test_cors_allows_no_wildcard(deployment: Deployment) -> None:
    api = deployment.client("apigatewayv2").get_api(ApiId=deployment.outputs["HttpApiId"])
    cors = api.get("CorsConfiguration", {})

    for allowed in ("AllowOrigins", "AllowMethods", "AllowHeaders"):
        assert not [entry for entry in cors.get(allowed, []) if "*" in entry]


def test_every_route_but_health_asks_for_a_token(deployment: Deployment) -> None:
    routes = deployment.client("apigatewayv2").get_routes(ApiId=deployment.outputs["HttpApiId"])

    asks = {
        route["RouteKey"]: (route["AuthorizationType"], set(route.get("AuthorizationScopes", [])))
        for route in routes["Items"]
    }
    scopes = {"tap/items.read", "tap/items.write", "tap/files.write"}
    assert asks == {
        "POST /api": ("JWT", scopes),
        "GET /health": ("NONE", set()),
        "GET /health/details": ("JWT", scopes),
    }


def test_nobody_can_sign_up(deployment: Deployment) -> None:
    pool = deployment.client("cognito-idp").describe_user_pool(
        UserPoolId=deployment.outputs["UserPoolId"]
    )["UserPool"]

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_the_client_gets_tokens_of_fifteen_minutes_by_its_credentials_alone(
    deployment: Deployment,
) -> None:
    client = deployment.client("cognito-idp").describe_user_pool_client(
        UserPoolId=deployment.outputs["UserPoolId"],
        ClientId=deployment.outputs["UserPoolClientId"],
    )["UserPoolClient"]

    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["AccessTokenValidity"] == 15
    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"


def test_every_function_is_traced_and_logs_json(deployment: Deployment, functions: Any) -> None:
    for function in functions.values():
        found = deployment.client("lambda").get_function_configuration(FunctionName=function.name)
        assert found["TracingConfig"]["Mode"] == "Active"
        assert found["LoggingConfig"]["LogFormat"] == "JSON"


def test_no_function_has_a_secret_in_its_environment(
    deployment: Deployment, functions: Any
) -> None:
    value = json.loads(
        deployment.client("secretsmanager").get_secret_value(
            SecretId=deployment.outputs["SecretArn"]
        )["SecretString"]
    )

    for function in functions.values():
        assert value["password"] not in function.variables.values()
        assert not [name for name in function.variables if "PASSWORD" in name or "TOKEN" in name]
        assert set(function.variables) <= {
            "CURSOR_SECRET_ARN",
            "FILES_BUCKET_NAME",
            "ITEMS_TABLE_NAME",
            "POWERTOOLS_METRICS_NAMESPACE",
            "POWERTOOLS_SERVICE_NAME",
            "RESOURCE_SERVER_ID",
            "SECRET_ARN",
        }
