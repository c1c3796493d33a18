"""`tap cost`: sums that were computed by hand from the lists of prices."""

import pytest

from cli.errors import CliError
from tools.cost.bill import bill, limits
from tools.cost.resources import assuming, read

IDLE, MILLION, HUNDRED, BILLION = range(4)


def stack(*resources, assumed=(), name="AnyStackdev"):
    """A stack of resources, each a type and its properties."""
    template = {
        "Resources": {
            f"Resource{at}": {"Type": kind, "Properties": properties}
            for at, (kind, properties) in enumerate(resources)
        }
    }
    return read(name, template, assuming(list(assumed)))


def services(*resources, assumed=()):
    found = bill(stack(*resources, assumed=assumed))
    return {name: [round(each, 4) for each in costs] for name, costs in found.items()}


FUNCTION = {"MemorySize": 512, "Architectures": ["arm64"]}
DATABASE = {"DBInstanceClass": "db.t4g.small", "AllocatedStorage": "20", "StorageType": "gp3"}
LOG_GROUP = {"RetentionInDays": 365}


def test_a_nat_gateway_costs_its_hours_however_idle():
    assert services(("AWS::EC2::NatGateway", {}))["VPC"] == [32.85] * 4


def test_an_http_api_is_billed_by_its_graduated_price():
    found = services(("AWS::ApiGatewayV2::Stage", {}), assumed=["api_share=1"])

    assert found["API Gateway"] == [0, 1.0, 100.0, 300 * 1.00 + 700 * 0.90]


def test_a_rest_api_is_billed_by_its_graduated_price():
    found = services(("AWS::ApiGateway::Stage", {}), assumed=["api_share=1"])

    assert found["API Gateway"] == [0, 3.5, 350.0, 333 * 3.50 + 667 * 2.80]


def test_what_an_api_answers_is_billed_as_data_out():
    found = services(
        ("AWS::ApiGatewayV2::Stage", {}), assumed=["api_share=1", "response_bytes=1000"]
    )

    assert found["Data transfer"] == [0, 0.09, 9.0, 90.0]


def test_a_function_is_billed_by_requests_and_gigabyte_seconds():
    assumed = ["calls=1", "ms=20", "cold_share=0"]
    found = services(("AWS::Lambda::Function", FUNCTION), assumed=assumed)

    # 20 cents a million, and 10,000 GB-s at 0.0000133334 dollars.
    assert found["Lambda"][MILLION] == round(0.20 + 0.133334, 4)


def test_a_cold_start_is_billed_as_a_long_request():
    assumed = ["calls=1", "ms=0", "cold_share=0.01", "cold_ms=1000"]
    found = services(("AWS::Lambda::Function", FUNCTION), assumed=assumed)

    # 10,000 cold starts of a second with half a GB.
    assert found["Lambda"][MILLION] == round(0.20 + 5000 * 0.0000133334, 4)


def test_a_function_on_x86_is_dearer():
    assumed = ["calls=1", "ms=20", "cold_share=0"]
    found = services(("AWS::Lambda::Function", {"MemorySize": 512}), assumed=assumed)

    assert found["Lambda"][MILLION] == round(0.20 + 0.166667, 4)


def test_a_traced_function_records_a_request_a_second_and_a_twentieth_of_the_others():
    traced = {**FUNCTION, "TracingConfig": {"Mode": "Active"}}
    found = services(("AWS::Lambda::Function", traced), assumed=["calls=1"])

    assert found["X-Ray"][HUNDRED] == round(2.628 * 5 + (100 - 2.628) * 5 * 0.05, 4)


def test_a_function_that_is_not_traced_has_no_traces():
    assert "X-Ray" not in services(("AWS::Lambda::Function", FUNCTION), assumed=["calls=1"])


def test_a_table_is_billed_by_units_and_by_what_it_keeps():
    assumed = ["write_units=1", "read_units=2", "kept_items=1", "item_bytes=1000", "months=1"]
    table = {"BillingMode": "PAY_PER_REQUEST"}
    found = services(("AWS::DynamoDB::Table", table), assumed=assumed)

    # A million writes, two million reads, a GB of items.
    assert found["DynamoDB"][MILLION] == 0.625 + 2 * 0.125 + 0.25


def test_point_in_time_recovery_is_billed_by_what_the_table_keeps():
    assumed = ["write_units=0", "read_units=0", "kept_items=1", "item_bytes=1000", "months=1"]
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    table = {"BillingMode": "PAY_PER_REQUEST", **recovery}

    assert services(("AWS::DynamoDB::Table", table), assumed=assumed)["DynamoDB"][MILLION] == 0.45


def test_an_index_is_written_and_kept_like_its_table():
    kept = ["kept_items=1", "item_bytes=1000", "index_bytes=200", "months=1"]
    table = {"BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": [{}]}
    found = services(
        ("AWS::DynamoDB::Table", table), assumed=["write_units=1", "read_units=0", *kept]
    )

    assert found["DynamoDB"][MILLION] == 2 * 0.625 + 1.2 * 0.25


def test_a_function_that_says_less_of_itself_is_cheaper():
    assumed = ["calls=1", "metrics=0", "platform_bytes=1000", "kept_share=0"]
    quiet = {**FUNCTION, "LoggingConfig": {"SystemLogLevel": "WARN"}}

    assert (
        services(("AWS::Lambda::Function", FUNCTION), assumed=assumed)["CloudWatch"][MILLION] == 0.5
    )
    assert services(("AWS::Lambda::Function", quiet), assumed=assumed)["CloudWatch"][MILLION] == 0


def test_a_database_in_two_zones_costs_two():
    one = services(("AWS::RDS::DBInstance", DATABASE))["RDS"]
    two = services(("AWS::RDS::DBInstance", {**DATABASE, "MultiAZ": True}))["RDS"]

    assert one == [round(730 * 0.032 + 20 * 0.115, 4)] * 4
    assert two == [round(730 * 0.064 + 20 * 0.23, 4)] * 4


def test_a_firewall_is_billed_by_rules_and_requests():
    found = services(("AWS::WAFv2::WebACL", {"Rules": [{}, {}, {}, {}]}))

    assert found["WAF"] == [9.0, 9.6, 69.0, 609.0]


def test_a_machine_client_is_billed_by_the_month_and_by_tokens():
    client = {"AllowedOAuthFlows": ["client_credentials"]}
    found = services(("AWS::Cognito::UserPoolClient", client), assumed=["tokens=0.001"])

    assert found["Cognito"] == [6.0, 6 + 2.25, 6 + 225.0, 6 + 2250.0]


def test_a_queue_that_lambda_polls_costs_a_little_when_it_is_empty():
    found = services(("AWS::Lambda::EventSourceMapping", {}))

    # Five pollers, three times a minute, 43,800 minutes, 40 cents a million.
    assert found["SQS"][IDLE] == round(5 * 3 * 43_800 * 0.40 / 1e6, 4)


def test_logs_are_billed_when_they_come_and_while_they_are_kept():
    found = services(
        ("AWS::Logs::LogGroup", LOG_GROUP), assumed=["log_bytes=1000", "kept_share=0.1"]
    )

    # A GB a month, of which a tenth is stored, for twelve months.
    assert found["CloudWatch"][MILLION] == pytest.approx(0.50 + 0.1 * 12 * 0.03, rel=0.01)


def test_alarms_are_billed_by_the_metrics_they_watch():
    watched = {"MetricStat": {"Period": 60}}
    found = services(
        ("AWS::CloudWatch::Alarm", {}),
        ("AWS::CloudWatch::Alarm", {"Metrics": [{"Expression": "a / b"}, watched, watched]}),
    )

    assert found["CloudWatch"] == [round(0.30, 4)] * 4


def test_an_alarm_on_other_alarms_has_a_price_of_its_own():
    found = services(("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": 'ALARM("other")'}))

    assert found["CloudWatch"] == [0.50] * 4


def test_detailed_metrics_are_billed_by_routes_once_there_are_requests():
    stage = {"DefaultRouteSettings": {"DetailedMetricsEnabled": True}}
    routes: list[tuple[str, dict[str, object]]] = [("AWS::ApiGatewayV2::Route", {})] * 2
    found = services(("AWS::ApiGatewayV2::Stage", stage), *routes)

    assert found["CloudWatch"] == [0] + [round(6 * 2 * 0.30, 4)] * 3


def test_graduated_prices_are_of_all_that_a_stack_uses():
    stages: list[tuple[str, dict[str, object]]] = [("AWS::ApiGatewayV2::Stage", {})] * 2

    assert services(*stages)["API Gateway"][BILLION] == 300 * 1.00 + 1700 * 0.90


def test_an_assumption_of_some_resources_leaves_the_others_alone():
    named = ("AWS::S3::Bucket", {"BucketName": "mine"})
    found = services(named, ("AWS::S3::Bucket", {}), assumed=["mine.puts=1"])

    assert found["S3"][MILLION] == 5.0


def test_a_type_that_no_table_knows_is_an_error_by_its_name():
    with pytest.raises(
        CliError, match=r"charges.toml lists no AWS::Neptune::DBCluster \(Resource0"
    ):
        services(("AWS::Neptune::DBCluster", {}))


def test_every_unknown_type_is_named_at_once():
    with pytest.raises(CliError, match=r"AWS::A::B .*; charges.toml lists no AWS::C::D"):
        services(("AWS::A::B", {}), ("AWS::C::D", {}))


def test_an_instance_class_without_a_price_is_an_error_by_its_name():
    with pytest.raises(CliError, match=r"prices.toml has no rds.one.db.r9x.huge \(Resource0\)"):
        services(("AWS::RDS::DBInstance", {**DATABASE, "DBInstanceClass": "db.r9x.huge"}))


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("AWS::ApiGateway::Stage", {"CacheClusterEnabled": True}),
        ("AWS::Lambda::Function", {"EphemeralStorage": {"Size": 1024}}),
        ("AWS::Lambda::EventSourceMapping", {"ProvisionedPollerConfig": {"MinimumPollers": 1}}),
        ("AWS::DynamoDB::Table", {"ProvisionedThroughput": {"ReadCapacityUnits": 1}}),
        ("AWS::DynamoDB::Table", {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}),
        ("AWS::RDS::DBInstance", {**DATABASE, "Iops": 3000}),
    ],
)
def test_a_billable_setting_that_nobody_priced_is_an_error(kind, setting):
    with pytest.raises(CliError, match=r"prices.toml has no"):
        services((kind, setting))


def test_a_property_that_only_aws_knows_is_an_error():
    reference = {"MemorySize": {"Ref": "Parameter"}}

    with pytest.raises(CliError, match=r"Resource0 of AnyStackdev: .*MemorySize"):
        services(("AWS::Lambda::Function", reference), assumed=["calls=1"])


@pytest.mark.parametrize("given", ["ms", "ms=", "ms=fast", "seconds=1", "ms=1.2.3"])
def test_an_assumption_that_is_none_is_refused(given):
    with pytest.raises(CliError, match=r"give a number for one of .*\bms\b"):
        assuming([given])


def hits(*resources, assumed=()):
    """The quotas that a stack hits first, as names and shares, at each scale."""
    found = limits(stack(*resources, assumed=assumed))
    return {scale: (rows[0]["name"], rows[0]["used"]) for scale, rows in found.items()}


def test_the_quota_that_is_hit_first_comes_first():
    stage = {"DefaultRouteSettings": {"ThrottlingRateLimit": 100}}
    found = hits(("AWS::ApiGatewayV2::Stage", stage), assumed=["api_share=1", "peak=5"])

    # A billion requests in 2,628,000 seconds, five times as many at the peak, of 100 a second.
    assert found["1 B"] == ("Throttle of the HTTP API", pytest.approx(1e9 / 2_628_000 * 5 / 100))


def test_functions_share_the_accounts_concurrency():
    function = ("AWS::Lambda::Function", FUNCTION)
    found = hits(function, function, assumed=["calls=1", "ms=100", "peak=1"])

    assert found["1 B"] == (
        "Concurrent executions",
        pytest.approx(2 * 1e9 / 2_628_000 * 0.1 / 1000),
    )
