import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from aws_cdk import App, Environment

from lib.ecommerce_stack import EcommerceStack
from lib.environment import SettingError
from lib.store import origin_key
from services.store_api import cdn
from services.store_migrations.migrations import read_migrations
from tests.unit.lib.policies import resolved
from tests.unit.synthesized import ROOT, Json, SynthesizedStack, context

SERVICES = ("store_api", "store_migrations", "store_secret_rotation")
STATEFUL = {
    "Key961B73FD",
    "AccessLogs8B620ECA",
    "Assets9A31D427",
    "DatabaseInstanceAA8A5FDE",
    "DatabaseUserSecretC3512F4C",
}
KEY_USE = {"UseKey", "DecryptWithKey"}
KEY = {"Fn::GetAtt": ["Key961B73FD", "Arn"]}
ACCOUNT = {"Ref": "AWS::AccountId"}


@pytest.fixture(name="stack", params=["store", "store_prod"])
def either_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack


def of_key(stack: SynthesizedStack, sid: str) -> Json:
    (found,) = (
        each
        for each in stack.properties("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if each.get("Sid") == sid
    )
    statement: Json = found
    return statement


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


def test_stateful_resources_keep_their_logical_ids_or_their_data_is_lost(
    stack: SynthesizedStack,
) -> None:
    assert set(stack.template["Resources"]) >= STATEFUL


def test_data_is_retained_and_protected_only_where_it_is_kept(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    for name in STATEFUL:
        kept = "Snapshot" if name.startswith("DatabaseInstance") else "RetainExceptOnCreate"
        assert store.template["Resources"][name]["DeletionPolicy"] == "Delete"
        assert store_prod.template["Resources"][name]["DeletionPolicy"] == kept
    assert not store.properties("AWS::RDS::DBInstance")["DeletionProtection"]
    assert store_prod.properties("AWS::RDS::DBInstance")["DeletionProtection"]
    assert store_prod.artifact["properties"]["terminationProtection"] is True
    assert store.artifact["properties"]["terminationProtection"] is False


def test_the_longest_suffix_in_the_longest_region_fits_a_bucket_name() -> None:
    assert len(f"tap-store-assets-{'s' * 16}-{'1' * 12}-us-isof-south-1") <= 63


def test_the_stack_and_its_resources_are_tagged(stack: SynthesizedStack) -> None:
    assert set(stack.artifact["properties"]["tags"]) == {"Author", "Environment", "Repository"}
    tags = stack.properties("AWS::RDS::DBInstance")["Tags"]
    assert {"Key": "Environment", "Value": stack.suffix} in tags


def test_every_setting_of_a_service_is_in_its_functions_environment(
    stack: SynthesizedStack,
) -> None:
    for service in SERVICES:
        module = importlib.import_module(f"services.{service}.settings")
        wanted = {name.upper() for name in module.Settings.__dataclass_fields__}
        given = stack.function(service)["Environment"]["Variables"]

        assert wanted | {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"} == set(given)


def test_a_role_may_do_what_its_service_declares_and_no_more(stack: SynthesizedStack) -> None:
    for service in SERVICES:
        declared = tomllib.loads((ROOT / f"services/{service}/package.toml").read_text("utf-8"))
        operations = {
            f"{client}:{operation}"
            for client, listed in declared["aws"].items()
            for operation in listed
        }
        statements = stack.statements(service)
        granted = {
            action
            for sid, each in statements.items()
            if sid not in {"WriteLogs", "WriteTraces", *KEY_USE, "SeeNetwork", "JoinNetwork"}
            and each["Effect"] == "Allow"
            for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        }

        assert granted == operations, service


def test_only_migrations_may_read_the_masters_secret(stack: SynthesizedStack) -> None:
    master = {"Fn::GetAtt": ["DatabaseInstanceAA8A5FDE", "MasterUserSecret.SecretArn"]}

    assert master in stack.statements("store_migrations")["User"]["Resource"]
    for service in ("store_api", "store_secret_rotation"):
        assert json.dumps(master) not in json.dumps(stack.statements(service))


def test_functions_may_use_the_key_through_secrets_manager_alone(stack: SynthesizedStack) -> None:
    for service in SERVICES:
        statements = stack.statements(service)
        [use] = KEY_USE & set(statements)
        through = statements[use]["Condition"]["StringEquals"]

        assert "secretsmanager" in json.dumps(through["kms:ViaService"])
        assert len(json.dumps(through).split("amazonaws.com")) == 2


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


def test_each_function_has_a_role_and_a_log_group_of_its_own(stack: SynthesizedStack) -> None:
    functions = [stack.function(service) for service in SERVICES]

    assert len({str(each["Role"]) for each in functions}) == len(SERVICES)
    assert len({str(each["LoggingConfig"]["LogGroup"]) for each in functions}) == len(SERVICES)


def test_every_log_group_is_encrypted_and_expires(stack: SynthesizedStack) -> None:
    groups = stack.all("AWS::Logs::LogGroup").values()

    assert len(groups) >= 6
    for each in groups:
        assert each["Properties"]["KmsKeyId"] == KEY
        assert each["Properties"]["RetentionInDays"] == (731 if stack.suffix == "prod" else 7)


def test_the_key_lets_cloudwatch_encrypt_the_databases_logs(stack: SynthesizedStack) -> None:
    statement = of_key(stack, "LogGroupsOfTheDatabase")
    names = json.dumps(statement["Condition"]["ArnLike"])

    assert f":log-group:/aws/rds/instance/tap-store-{stack.suffix}/*" in names


# Database


def test_the_database_is_private_encrypted_and_watched(stack: SynthesizedStack) -> None:
    database = stack.properties("AWS::RDS::DBInstance")

    assert database["Engine"] == "postgres"
    assert database["EngineVersion"].startswith("15.")
    assert int(database["EngineVersion"].split(".")[1]) >= 17
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    assert database["KmsKeyId"] == database["PerformanceInsightsKMSKeyId"] == KEY
    assert database["Port"] == "5433"
    assert database["AutoMinorVersionUpgrade"] is True
    assert database["MonitoringInterval"] == 60


def test_the_database_is_large_and_doubled_only_where_its_data_is_kept(
    store: SynthesizedStack, tmp_path: Path
) -> None:
    kept = SynthesizedStack.of("qa", tmp_path).other("EcommerceStack")

    for stack, size, zones, days in (
        (store, "db.t4g.micro", False, 1),
        (kept, "db.t4g.small", True, 7),
    ):
        database = stack.properties("AWS::RDS::DBInstance")
        assert database["DBInstanceClass"] == size
        assert database["MultiAZ"] is zones
        assert database["BackupRetentionPeriod"] == days
        assert database["DeleteAutomatedBackups"] is not zones


def test_a_size_that_was_asked_for_goes_before_the_environments(
    store_prod: SynthesizedStack,
) -> None:
    assert store_prod.properties("AWS::RDS::DBInstance")["DBInstanceClass"] == "db.m7g.large"


def test_the_masters_password_is_made_and_kept_by_rds(stack: SynthesizedStack) -> None:
    database = stack.properties("AWS::RDS::DBInstance")

    assert database["ManageMasterUserPassword"] is True
    assert database["MasterUserSecret"] == {"KmsKeyId": KEY}
    assert "MasterUserPassword" not in database


# What each parameter of the database must be, by what it is for.
PARAMETERS = {
    "connections come with TLS and salted passwords only": {
        "rds.force_ssl": "1",
        "password_encryption": "scram-sha-256",
        "rds.accepted_password_auth_method": "scram",
    },
    "statements are logged when they change the schema, never because they order": {
        "log_statement": "ddl",
    },
    "statements are logged without the values of an order, failed ones too": {
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
    },
    "what is slow, waits or sorts on disk is told": {
        "log_min_duration_statement": "500",
        "log_lock_waits": "1",
        "log_temp_files": "10240",
    },
    "who came and when is told": {"log_connections": "1", "log_disconnections": "1"},
    "a frozen function gives its locks back": {"idle_in_transaction_session_timeout": "10000"},
    "a sandbox that vanished is noticed within two minutes": {
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "15",
        "tcp_keepalives_count": "4",
    },
    "each sandbox of the functions gets a connection": {"max_connections": "200"},
}


@pytest.mark.parametrize("purpose", PARAMETERS)
def test_of_the_database(purpose: str, stack: SynthesizedStack) -> None:
    group = stack.properties("AWS::RDS::DBParameterGroup")

    assert group["Family"] == "postgres15"
    assert PARAMETERS[purpose].items() <= group["Parameters"].items()


def test_no_parameter_of_the_database_is_without_a_purpose(stack: SynthesizedStack) -> None:
    named = [name for parameters in PARAMETERS.values() for name in parameters]

    assert sorted(named) == sorted(stack.properties("AWS::RDS::DBParameterGroup")["Parameters"])


def test_the_log_groups_are_made_before_rds_would_make_open_ones(stack: SynthesizedStack) -> None:
    instance = stack.template["Resources"]["DatabaseInstanceAA8A5FDE"]
    groups = stack.all("AWS::Logs::LogGroup")
    before = {
        groups[name]["Properties"].get("LogGroupName")
        for name in instance["DependsOn"]
        if name in groups
    }

    assert before == {
        f"/aws/rds/instance/tap-store-{stack.suffix}/{name}"
        for name in instance["Properties"]["EnableCloudwatchLogsExports"]
    }


def test_the_stores_secret_says_where_the_database_is_and_rotates_only_later(
    stack: SynthesizedStack,
) -> None:
    secret = stack.all("AWS::SecretsManager::Secret")["DatabaseUserSecretC3512F4C"]["Properties"]
    attachment = stack.properties("AWS::SecretsManager::SecretTargetAttachment")
    (schedule,) = stack.all("AWS::SecretsManager::RotationSchedule").values()
    (attached,) = stack.all("AWS::SecretsManager::SecretTargetAttachment")

    assert secret["KmsKeyId"] == KEY
    assert json.loads(secret["GenerateSecretString"]["SecretStringTemplate"]) == {
        "username": "store"
    }
    assert attachment["TargetType"] == "AWS::RDS::DBInstance"
    assert attachment["TargetId"] == {"Ref": "DatabaseInstanceAA8A5FDE"}
    assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False
    assert attached in schedule["DependsOn"]


def test_only_secrets_manager_of_this_account_starts_the_rotation(stack: SynthesizedStack) -> None:
    permission = stack.properties(
        "AWS::Lambda::Permission", Principal="secretsmanager.amazonaws.com"
    )

    assert permission["SourceAccount"] == ACCOUNT


def test_a_database_that_is_kept_is_backed_up_daily(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    (selection,) = store_prod.all("AWS::Backup::BackupSelection").values()

    resources = json.dumps(selection["Properties"]["BackupSelection"]["Resources"])
    assert "DatabaseInstanceAA8A5FDE" in resources
    assert not store.all("AWS::Backup::BackupSelection")


# Network


def test_nothing_in_the_network_gets_a_public_address(stack: SynthesizedStack) -> None:
    for each in stack.all("AWS::EC2::Subnet").values():
        assert each["Properties"]["MapPublicIpOnLaunch"] is False


def test_the_default_security_group_is_closed_and_every_flow_is_logged(
    stack: SynthesizedStack,
) -> None:
    assert len(stack.all("Custom::VpcRestrictDefaultSG")) == 1
    flows = stack.properties("AWS::EC2::FlowLog")
    assert (flows["LogDestinationType"], flows["TrafficType"]) == ("s3", "ALL")


def template_of(folder: Path, **settings: object) -> Json:
    """The template of a store in a known account and region."""
    app = App(
        context=context(**settings),
        outdir=str(folder),
        builtin_cloud_formation_validation=False,
    )
    EcommerceStack(app, "Store", env=Environment(account="123456789012", region="eu-central-1"))
    app.synth()
    assert "missing" not in json.loads((folder / "manifest.json").read_text("utf-8"))
    template: Json = json.loads((folder / "Store.template.json").read_text("utf-8"))
    return template


def zones(template: Json) -> set[str]:
    return {
        json.dumps(each["Properties"]["AvailabilityZone"])
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::Subnet"
    }


def test_the_zones_are_those_named(tmp_path: Path) -> None:
    template = template_of(tmp_path, availabilityZones="eu-central-1a,eu-central-1c")

    assert zones(template) == {'"eu-central-1a"', '"eu-central-1c"'}


def test_zones_that_are_not_named_are_found_by_the_deployment_and_not_looked_up(
    stack: SynthesizedStack, tmp_path: Path
) -> None:
    for template in (stack.template, template_of(tmp_path)):
        assert {each.replace('"eu-central-1"', '""') for each in zones(template)} == {
            json.dumps({"Fn::Select": [place, {"Fn::GetAZs": ""}]}) for place in range(2)
        }


def test_the_way_out_is_as_the_setting_says(
    store: SynthesizedStack,
    store_prod: SynthesizedStack,
    store_nat_none: SynthesizedStack,
    store_nat_regional: SynthesizedStack,
) -> None:
    kind = "AWS::EC2::NatGateway"

    assert len(store.all(kind)) == 1
    assert len(store_prod.all(kind)) == 2
    assert not store_nat_none.all(kind)
    assert store_nat_regional.properties(kind)["AvailabilityMode"] == "regional"


def test_a_regional_nat_gateway_waits_until_the_internet_is_attached(
    store_nat_regional: SynthesizedStack,
) -> None:
    ((_, gateway),) = store_nat_regional.all("AWS::EC2::NatGateway").items()
    (attachment,) = store_nat_regional.all("AWS::EC2::VPCGatewayAttachment")

    assert attachment in gateway["DependsOn"]


def test_endpoints_serve_this_account_only(
    store: SynthesizedStack, store_nat_none: SynthesizedStack
) -> None:
    for stack, count in ((store, 1), (store_nat_none, 2)):
        endpoints = stack.all("AWS::EC2::VPCEndpoint").values()

        assert len(endpoints) == count
        for each in endpoints:
            (statement,) = each["Properties"]["PolicyDocument"]["Statement"]
            (conditions,) = statement["Condition"].values()
            assert list(conditions.values()) == [ACCOUNT]


# CDN and API


def distribution(stack: SynthesizedStack) -> Json:
    config: Json = stack.properties("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def test_the_cdn_speaks_https_only_and_never_caches_the_api(stack: SynthesizedStack) -> None:
    pages = distribution(stack)["DefaultCacheBehavior"]
    (api,) = distribution(stack)["CacheBehaviors"]

    assert distribution(stack)["DefaultRootObject"] == "index.html"
    assert pages["ViewerProtocolPolicy"] == "redirect-to-https"
    assert pages["Compress"] is True
    assert (api["PathPattern"], api["ViewerProtocolPolicy"]) == ("/api/*", "https-only")
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert "POST" in api["AllowedMethods"]
    assert pages["ResponseHeadersPolicyId"] == api["ResponseHeadersPolicyId"]


def test_every_behaviour_takes_https_alone_and_a_page_may_be_redirected_to_it(
    stack: SynthesizedStack,
) -> None:
    config = distribution(stack)

    policies = {
        each.get("PathPattern"): each["ViewerProtocolPolicy"]
        for each in (config["DefaultCacheBehavior"], *config["CacheBehaviors"])
    }
    assert policies == {None: "redirect-to-https", "/api/*": "https-only"}
    assert config["HttpVersion"] == "http2and3"


def test_the_cdn_reaches_every_origin_over_new_tls_alone(stack: SynthesizedStack) -> None:
    pages, api = distribution(stack)["Origins"]

    # A bucket with origin access control is reached as the viewer came, which is HTTPS alone.
    assert pages["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    assert "CustomOriginConfig" not in pages
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_the_cdn_proves_itself_to_the_api_and_to_nothing_else(stack: SynthesizedStack) -> None:
    pages, api = distribution(stack)["Origins"]
    secrets = stack.all("AWS::SecretsManager::Secret")
    [secret] = (name for name in secrets if name.startswith("OriginKey"))

    [header] = api["OriginCustomHeaders"]
    assert header["HeaderName"] == origin_key.HEADER == cdn.HEADER
    assert header["HeaderValue"] == {
        "Fn::Join": [
            "",
            ["{{resolve:secretsmanager:", {"Ref": secret}, ":SecretString:::}}"],
        ]
    }
    assert "OriginCustomHeaders" not in pages
    variables = stack.function("store_api")["Environment"]["Variables"]
    assert variables["ORIGIN_KEY_ARN"] == {"Ref": secret}
    assert json.dumps(stack.template).count("{{resolve:secretsmanager:") == 1


def test_the_cdns_key_is_random_long_and_encrypted(stack: SynthesizedStack) -> None:
    [secret] = (
        each["Properties"]
        for name, each in stack.all("AWS::SecretsManager::Secret").items()
        if name.startswith("OriginKey")
    )

    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    assert secret["KmsKeyId"] == KEY


def test_the_access_log_of_the_api_has_no_header_of_a_request(stack: SynthesizedStack) -> None:
    written = stack.properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]

    assert "header" not in written.lower()


def test_only_what_s3_says_of_a_missing_page_is_answered_with_a_page(
    stack: SynthesizedStack,
) -> None:
    [error] = distribution(stack)["CustomErrorResponses"]

    assert error == {
        "ErrorCode": 403,
        "ResponseCode": 404,
        "ResponsePagePath": "/404.html",
        "ErrorCachingMinTTL": 10,
    }
    assert (ROOT / "web/store/404.html").exists()


def test_every_answer_carries_a_strict_content_policy_and_no_trace_of_the_key(
    stack: SynthesizedStack,
) -> None:
    headers = stack.properties("AWS::CloudFront::ResponseHeadersPolicy")[
        "ResponseHeadersPolicyConfig"
    ]
    security = headers["SecurityHeadersConfig"]
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]

    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 63072000
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    removed = {each["Header"] for each in headers["RemoveHeadersConfig"]["Items"]}
    assert "x-amz-server-side-encryption-aws-kms-key-id" in removed


def test_only_this_cdn_reads_the_assets(stack: SynthesizedStack) -> None:
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stack.all("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == {"Ref": "Assets9A31D427"}
    )
    readers = [
        each
        for each in policy
        if each["Effect"] == "Allow" and "AutoDelete" not in json.dumps(each["Principal"])
    ]
    (cdn,) = stack.all("AWS::CloudFront::Distribution")

    (reader,) = readers
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert reader["Action"] == "s3:GetObject"
    assert cdn in json.dumps(reader["Condition"]["StringEquals"]["aws:SourceArn"])
    key = of_key(stack, "ReadByTheCdn")
    assert key["Action"] == "kms:Decrypt"
    # CloudFront is not documented to tell its account; the distributions' ARNs hold it.
    assert list(key["Condition"]) == ["ArnLike"]
    assert list(key["Condition"]["ArnLike"]) == ["aws:SourceArn"]
    origin, _ = distribution(stack)["Origins"]
    assert "OriginAccessControlId" in origin


def test_no_bucket_logs_to_itself_and_the_cdn_does_not_serve_the_logs(
    stack: SynthesizedStack,
) -> None:
    logs = {"Ref": "AccessLogs8B620ECA"}
    buckets = stack.all("AWS::S3::Bucket")

    assert set(buckets) == {"AccessLogs8B620ECA", "Assets9A31D427"}
    assert "LoggingConfiguration" not in buckets["AccessLogs8B620ECA"]["Properties"]
    assert (
        buckets["Assets9A31D427"]["Properties"]["LoggingConfiguration"]["DestinationBucketName"]
        == logs
    )
    assert "AccessLogs8B620ECA" not in json.dumps(distribution(stack)["Origins"])


def test_the_cdns_log_and_alarm_are_only_where_aws_has_them(
    store_prod: SynthesizedStack,
) -> None:
    conditions = store_prod.template["Conditions"]
    here = {
        name
        for name, each in conditions.items()
        if each == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    }
    kinds = (
        "AWS::Logs::DeliverySource",
        "AWS::Logs::DeliveryDestination",
        "AWS::Logs::Delivery",
    )

    found = [each for kind in kinds for each in store_prod.all(kind).values()]
    found += [
        each
        for name, each in store_prod.all("AWS::CloudWatch::Alarm").items()
        if "CdnServerErrors" in name
    ]
    assert len(found) == 4
    assert {each["Condition"] for each in found} == here


def test_a_web_acl_guards_the_cdn_when_asked_and_logs_no_credentials(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    acl = store_prod.properties("AWS::WAFv2::WebACL")
    logging = store_prod.properties("AWS::WAFv2::LoggingConfiguration")
    group = store_prod.properties("AWS::Logs::LogGroup", LogGroupName="aws-waf-logs-tap-store-prod")

    assert acl["Scope"] == "CLOUDFRONT"
    assert [each["Priority"] for each in acl["Rules"]] == [0, 1, 2, 3]
    names = {each["SingleHeader"]["Name"] for each in logging["RedactedFields"]}
    assert names == {"authorization", "cookie", "idempotency-key"}
    assert group["KmsKeyId"] == KEY
    (acl_id,) = store_prod.all("AWS::WAFv2::WebACL")
    assert distribution(store_prod)["WebACLId"] == {"Fn::GetAtt": [acl_id, "Arn"]}
    assert "Condition" not in store_prod.all("AWS::WAFv2::WebACL")[acl_id]
    assert not store.all("AWS::WAFv2::WebACL")
    assert "WebACLId" not in distribution(store)


def test_the_firewalls_log_is_named_as_aws_waf_names_it(store_prod: SynthesizedStack) -> None:
    for kind in ("EcommerceStack", "PartnerApiStack"):
        stack = store_prod.other(kind)
        (destination,) = stack.properties("AWS::WAFv2::LoggingConfiguration")[
            "LogDestinationConfigs"
        ]
        group = re.fullmatch(
            r"arn:aws:logs:eu-west-1:111122223333:log-group:(.+)", resolved(destination)
        )

        assert group, "without the :* that Fn::GetAtt gives"
        (name,) = (
            each["Properties"]["LogGroupName"]
            for name, each in stack.all("AWS::Logs::LogGroup").items()
            if group[1].endswith(name)
        )
        assert name.startswith("aws-waf-logs-")


@pytest.mark.parametrize(("region", "told"), [("eu-central-1", ""), (None, "eu-central-1")])
def test_a_web_acl_outside_us_east_1_is_refused_at_synthesis_in_one_line(
    region: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", told)
    app = App(context=context(storeFirewall="true"))

    with pytest.raises(SettingError) as refusal:
        EcommerceStack(app, "Store", env=Environment(region=region))

    assert str(refusal.value).startswith("storeFirewall: the store goes to eu-central-1, but AWS")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("firewall", "region", "told"),
    [
        ("true", "us-east-1", "eu-central-1"),
        ("true", None, "us-east-1"),
        ("false", "eu-west-1", ""),
    ],
)
def test_a_store_that_aws_can_guard_or_need_not_is_taken(
    firewall: str, region: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", told)

    EcommerceStack(
        App(context=context(storeFirewall=firewall)), "Store", env=Environment(region=region)
    )


def test_a_web_acl_whose_region_nobody_knows_at_synthesis_fails_a_deployment_by_name(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    (rule,) = (each for name, each in store_prod.template["Rules"].items() if "InUsEast1" in name)
    (assertion,) = rule["Assertions"]

    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert assertion["AssertDescription"].startswith("storeFirewall: ")
    assert "RuleCondition" not in rule
    assert not [name for name in store.template["Rules"] if "InUsEast1" in name]


def test_the_key_lets_cloudwatch_encrypt_the_web_acls_log(store_prod: SynthesizedStack) -> None:
    names = json.dumps(of_key(store_prod, "LogGroupOfTheFirewall")["Condition"])

    assert ":log-group:aws-waf-logs-tap-store-prod" in names


def test_a_domain_of_the_stores_own_raises_tls(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    own = distribution(store_prod)

    assert own["Aliases"] == ["shop.example.com"]
    assert own["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert store_prod.template["Outputs"]["StoreUrl"]["Value"] == "https://shop.example.com"
    assert "Aliases" not in distribution(store)


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


# Alarms


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
    for each in alarms.values():
        assert each["Properties"]["AlarmActions"]


def test_the_storage_alarm_rings_when_less_is_left(stack: SynthesizedStack) -> None:
    alarm = stack.properties("AWS::CloudWatch::Alarm", MetricName="FreeStorageSpace")

    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 4 * 1024**3
