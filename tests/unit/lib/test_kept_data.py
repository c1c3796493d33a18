"""What each stack leaves behind, so that it can be deployed again."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.unit.synthesized import KINDS, Json, SynthesizedStack

# Types that hold data or evidence; the database's own is a snapshot.
KEPT = {
    "AWS::Backup::BackupVault",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
# Resources that hold what nothing brings back: another logical id would be another resource.
STATEFUL = {
    "TapStack": {
        "AccessLogs8B620ECA",
        "CursorSecret12D87B4E",
        "Files8E6940B8",
        "IdentityUserPool96FE3B9B",
        "Items5C12978B",
        "Key961B73FD",
    },
    "PartnerApiStack": {
        "AccessLogs8B620ECA",
        "AuditLogsA35F3E1F",
        "AuditUnwrittenDeadLetters23E5271F",
        "AuditUnwrittenQueue0405A9D2",
        "CursorSecret12D87B4E",
        "Key961B73FD",
        "OwnedItemsDEA6CBE7",
    },
    "EcommerceStack": {
        "AccessLogs8B620ECA",
        "Assets9A31D427",
        "DatabaseInstanceAA8A5FDE",
        "DatabaseUserSecretC3512F4C",
        "Key961B73FD",
    },
}
WORTH_NOTHING_ALONE = "OriginKey"  # what the CDN proves itself with to the API: both go
PROTECTIONS = {
    "AWS::Cognito::UserPool": "DeletionProtection",
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::RDS::DBInstance": "DeletionProtection",
}


@pytest.fixture(name="stack", params=product(("dev", "prod"), KINDS), ids="-".join)
def every_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    environment, kind = request.param
    app: SynthesizedStack = request.getfixturevalue(environment)
    return app.other(kind)


@pytest.fixture(name="kept", params=KINDS)
def every_kept_stack(request: pytest.FixtureRequest, prod: SynthesizedStack) -> SynthesizedStack:
    return prod.other(request.param)


@pytest.fixture(name="unprotected", scope="module")
def unprotected_app(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    folder = tmp_path_factory.mktemp("unprotected")
    return SynthesizedStack.of("prod", folder, deletionProtection="false")


def policies(stack: SynthesizedStack, name: str) -> Iterator[tuple[str, Json, str | None]]:
    for logical_id, each in stack.template["Resources"].items():
        yield logical_id, each, each.get(name)


def test_stateful_resources_keep_their_logical_ids_or_their_data_is_lost(
    stack: SynthesizedStack,
) -> None:
    holding = {
        name
        for name, each in stack.template["Resources"].items()
        if each["Type"] in {*KEPT, "AWS::RDS::DBInstance"} - {"AWS::Logs::LogGroup"}
        and not name.startswith(WORTH_NOTHING_ALONE)
    }

    backups = {"BackupVaultADF21B19"} if stack.suffix == "prod" else set()
    assert holding == STATEFUL[stack.kind] | backups


def test_what_holds_data_is_kept_but_not_after_a_creation_that_failed(
    kept: SynthesizedStack,
) -> None:
    for logical_id, each, policy in policies(kept, "DeletionPolicy"):
        assert policy != "Retain", logical_id
        holds = each["Type"] in KEPT and not logical_id.startswith(WORTH_NOTHING_ALONE)
        assert (policy == "RetainExceptOnCreate") is holds, logical_id


def test_what_is_kept_outlives_its_replacement_too(kept: SynthesizedStack) -> None:
    for logical_id, _, policy in policies(kept, "DeletionPolicy"):
        replaced = kept.template["Resources"][logical_id].get("UpdateReplacePolicy")
        if policy == "RetainExceptOnCreate":
            assert replaced == "Retain", logical_id


def test_a_stack_that_throws_its_data_away_leaves_nothing(dev: SynthesizedStack) -> None:
    for kind in KINDS:
        for logical_id, _, policy in policies(dev.other(kind), "DeletionPolicy"):
            assert policy in (None, "Delete"), logical_id
        assert dev.other(kind).artifact["properties"].get("terminationProtection", False) is False
        assert protections(dev.other(kind)) <= {False, "INACTIVE"}


def test_nothing_that_is_kept_needs_what_goes_with_the_stack(kept: SynthesizedStack) -> None:
    resources = kept.template["Resources"]
    stay = {
        name
        for name, _, policy in policies(kept, "DeletionPolicy")
        if policy is not None and policy.startswith("Retain")
    }

    for name in stay:
        properties = json.dumps(resources[name]["Properties"])
        if "API-Gateway-Execution-Logs_" in properties:
            continue  # API Gateway prescribes its name, with the API's id: no other API has it
        needed = {other for other in resources if f'"{other}"' in properties}
        assert needed <= stay, name


def test_the_database_leaves_a_snapshot_and_nothing_that_holds_its_network(
    prod: SynthesizedStack,
) -> None:
    store = prod.other("EcommerceStack")
    (instance,) = store.all("AWS::RDS::DBInstance").values()

    assert instance["DeletionPolicy"] == instance["UpdateReplacePolicy"] == "Snapshot"
    for kind in ("AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup", "AWS::EC2::VPC"):
        for each in store.all(kind).values():
            assert each.get("DeletionPolicy", "Delete") == "Delete"


def test_kept_data_and_its_stack_refuse_to_be_deleted(kept: SynthesizedStack) -> None:
    assert kept.artifact["properties"]["terminationProtection"] is True
    assert protections(kept) <= {True, "ACTIVE"}


@pytest.mark.parametrize("kind", KINDS)
def test_without_protection_a_failed_creation_can_be_undone_and_data_is_kept_all_the_same(
    unprotected: SynthesizedStack, prod: SynthesizedStack, kind: str
) -> None:
    stack = unprotected.other(kind)

    assert stack.artifact["properties"]["terminationProtection"] is False
    assert protections(stack) <= {False, "INACTIVE"}
    wanted = {n: p for n, _, p in policies(prod.other(kind), "DeletionPolicy") if p}
    left = {n: p for n, _, p in policies(stack, "DeletionPolicy") if p}
    assert left.items() <= wanted.items()


def protections(stack: SynthesizedStack) -> set[object]:
    """What each resource that can refuse its deletion says of it; None when it says nothing."""
    return {
        each["Properties"].get(name)
        for kind, name in PROTECTIONS.items()
        for each in stack.all(kind).values()
    }


def test_every_table_and_database_that_is_kept_is_backed_up_daily(kept: SynthesizedStack) -> None:
    selected = json.dumps(
        [each["Properties"] for each in kept.all("AWS::Backup::BackupSelection").values()]
    )

    for kind in ("AWS::DynamoDB::Table", "AWS::RDS::DBInstance"):
        assert all(f'"{name}"' in selected for name in kept.all(kind))
    for plan in kept.all("AWS::Backup::BackupPlan").values():
        (rule,) = plan["Properties"]["BackupPlan"]["BackupPlanRule"]
        assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
        assert rule["Lifecycle"] == {"DeleteAfterDays": 35}


def test_logs_are_kept_for_as_long_as_the_setting_says(stack: SynthesizedStack) -> None:
    days = {"dev": 7, "prod": 731}[stack.suffix]
    (rule,) = stack.at("AccessLogs")["LifecycleConfiguration"]["Rules"]

    groups = stack.all("AWS::Logs::LogGroup").values()
    assert {each["Properties"]["RetentionInDays"] for each in groups} == {days}
    assert rule["ExpirationInDays"] == days


def test_each_functions_log_group_is_where_people_look_for_it(stack: SynthesizedStack) -> None:
    groups = stack.all("AWS::Logs::LogGroup")
    functions = [
        each["Properties"]
        for each in stack.all("AWS::Lambda::Function").values()
        if "FunctionName" in each["Properties"]
    ]

    assert functions
    for function in functions:
        group = groups[function["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["Properties"]["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"


def test_the_longest_suffix_fits_every_functions_name(tmp_path: Path) -> None:
    longest = SynthesizedStack.of("s" * 16, tmp_path)

    for kind in KINDS:
        for each in longest.other(kind).all("AWS::Lambda::Function").values():
            assert len(each["Properties"].get("FunctionName", "")) <= 64
