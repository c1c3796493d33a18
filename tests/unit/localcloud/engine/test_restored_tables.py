"""Restores of a table to a point in time: the emulator's, and ours."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.engine import restores

KEY = "arn:aws:kms:us-east-1:000000000000:key/1"


@pytest.fixture
def tables(emulator):
    return emulator.client("dynamodb")


@pytest.fixture
def source(tables):
    """A table with an item, whose point-in-time recovery is on."""
    name = f"table-{uuid.uuid4().hex}"
    tables.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY},
    )
    tables.put_item(TableName=name, Item={"id": {"S": "one"}})
    switch(tables, name, on=True)
    return name


def switch(tables, name, *, on):
    wanted = {"PointInTimeRecoveryEnabled": on}
    tables.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)


def restore(tables, source, **moment):
    """The name of a copy of the latest moment, or of another."""
    copy = f"{source}-copy"
    moment = moment or {"UseLatestRestorableTime": True}
    tables.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=copy, **moment)
    return copy


def refusal(tables, source, **moment):
    with pytest.raises(ClientError) as refused:
        restore(tables, source, **moment)
    return refused.value.response["Error"]["Code"]


def test_the_original_restores_without_recovery_and_without_a_key(tables, source):
    switch(tables, source, on=False)

    copy = tables.describe_table(TableName=restore(tables, source))["Table"]

    assert "SSEDescription" not in copy


def test_the_latest_moment_is_restored_with_the_sources_key(tables, patch, source):
    patch(restores)

    copy = restore(tables, source)

    found = tables.describe_table(TableName=copy)["Table"]
    assert tables.scan(TableName=copy)["Items"] == [{"id": {"S": "one"}}]
    assert found["SSEDescription"]["KMSMasterKeyArn"] == KEY


def test_a_copy_does_not_follow_its_source(tables, patch, source):
    patch(restores)
    copy = restore(tables, source)

    tables.delete_item(TableName=source, Key={"id": {"S": "one"}})

    assert tables.scan(TableName=copy)["Count"] == 1


def test_a_table_whose_recovery_is_off_is_not_restored(tables, patch, source):
    patch(restores)
    switch(tables, source, on=False)

    assert refusal(tables, source) == "PointInTimeRecoveryUnavailableException"


def test_a_moment_that_is_not_kept_is_refused(tables, patch, source):
    patch(restores)
    past = datetime.now(UTC) - timedelta(hours=1)

    assert refusal(tables, source, RestoreDateTime=past) == "InvalidRestoreTimeException"


def test_a_name_that_is_taken_and_a_source_that_is_not_there_are_refused(tables, patch, source):
    patch(restores)
    restore(tables, source)

    assert refusal(tables, source) == "TableAlreadyExistsException"
    assert refusal(tables, "no-such-table") == "TableNotFoundException"
