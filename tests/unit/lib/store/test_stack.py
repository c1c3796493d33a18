"""EcommerceStack: its outputs, functions, API and alarms."""

import json

from services.store_migrations.migrations import read_migrations
from tests.unit.synthesized import SynthesizedStack

SERVICES = ("store_api", "store_migrations", "store_secret_rotation")


ACCOUNT = {"Ref": "AWS::AccountId"}


def test_outputs_are_those_that_others_read(stack: SynthesizedStack) -> None:
    assert set(stack.template["Outputs"]) == {
        "StoreUrl",
        "AssetsBucketName",
        "DistributionId",
        "DatabaseEndpoint",
        "DatabaseSecretArn",
        "MasterSecretArn",
        "MigrationFunctionName",
        "StoreApiFunctionName",
        "RotationFunctionName",
        "HttpApiId",
        "OriginKeySecretArn",
    }


def test_the_longest_suffix_in_the_longest_region_fits_a_bucket_name() -> None:
    assert len(f"tap-store-assets-{'s' * 16}-{'1' * 12}-us-isof-south-1") <= 63


def test_only_migrations_may_read_the_masters_secret(stack: SynthesizedStack) -> None:
    master = {"Fn::GetAtt": [stack.id_of("Database/Instance"), "MasterUserSecret.SecretArn"]}

    assert master in stack.statements("store_migrations")["User"]["Resource"]
    for service in ("store_api", "store_secret_rotation"):
        assert json.dumps(master) not in json.dumps(stack.statements(service))


def test_a_function_that_only_reads_secrets_may_only_decrypt(stack: SynthesizedStack) -> None:
    for service in ("store_api", "store_migrations"):
        assert stack.statements(service)["DecryptWithKey"]["Action"] == "kms:Decrypt"
        assert "GenerateDataKey" not in json.dumps(stack.statements(service))


def test_the_api_function_is_told_the_newest_migration_that_comes_with_it(
    stack: SynthesizedStack,
) -> None:
    told = stack.function("store_api")["Environment"]["Variables"]["MIGRATION_LEVEL"]

    assert int(told) == read_migrations()[-1].number


def test_lambda_may_make_interfaces_and_the_functions_code_may_not(
    stack: SynthesizedStack,
) -> None:
    for service in SERVICES:
        statements = stack.statements(service)
        denied = statements["CodeMayNot"]
        allowed = {*statements["SeeNetwork"]["Action"], *statements["JoinNetwork"]["Action"]}

        assert (denied["Effect"], denied["Resource"]) == ("Deny", "*")
        assert set(denied["Action"]) == allowed
        assert "SourceFunctionArn" in json.dumps(denied["Condition"]["ArnEquals"])
        assert stack.function(service)["FunctionName"] in json.dumps(denied["Condition"])


def test_the_access_log_of_the_api_has_no_header_of_a_request(stack: SynthesizedStack) -> None:
    written = stack.properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]

    assert "header" not in written.lower()


def test_the_api_has_the_stores_public_throttled_routes(stack: SynthesizedStack) -> None:
    routes = [each["Properties"] for each in stack.all("AWS::ApiGatewayV2::Route").values()]
    stage = stack.properties("AWS::ApiGatewayV2::Stage")

    assert {each["RouteKey"] for each in routes} == {
        "GET /api/products",
        "GET /api/products/{sku}",
        "POST /api/orders",
        "GET /api/orders/{id}",
        "GET /api/health",
    }
    assert {each.get("AuthorizationType", "NONE") for each in routes} == {"NONE"}
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] in {50, 100}
    assert "CorsConfiguration" not in stack.properties("AWS::ApiGatewayV2::Api")
    assert "AccessLogSettings" in stage


def test_every_alarm_tells_the_topic_and_is_on_the_dashboard(stack: SynthesizedStack) -> None:
    alarms = stack.all("AWS::CloudWatch::Alarm")
    dashboard = json.dumps(stack.properties("AWS::CloudWatch::Dashboard"))
    wanted: tuple[str, ...] = (
        "DatabaseCpu",
        "DatabaseStorage",
        "DatabaseConnections",
        "CdnServerErrors",
    )
    wanted += ("HttpApiServerErrors", "HttpApiLatency", "ApiErrors", "ApiThrottles", "ApiLatency")
    wanted += ("MigrationsErrors", "RotationErrors")

    for name in wanted:
        assert any(name in alarm for alarm in alarms), name
        assert f'\\"title\\":\\"{name}\\"' in dashboard.replace("\\\\", "\\"), name
    for name, each in alarms.items():
        assert "Burn" in name or each["Properties"]["AlarmActions"]


def test_the_storage_alarm_rings_when_less_is_left(stack: SynthesizedStack) -> None:
    alarm = stack.properties("AWS::CloudWatch::Alarm", MetricName="FreeStorageSpace")

    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 4 * 1024**3
