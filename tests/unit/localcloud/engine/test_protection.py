"""A protected table and its stack's deletion: in the emulator, and here."""

import pytest

from localcloud.engine import protection


def table(protected):
    """A table as a template has it."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": protected,
        },
    }


def survives(emulator, protected):
    """Whether a table is there after its stack was deleted."""
    stack = emulator.deploy(Table=table(protected))
    emulator.delete(stack.name)
    return stack.ids["Table"] in emulator.client("dynamodb").list_tables()["TableNames"]


def test_the_original_deletes_a_protected_table(emulator):
    assert not survives(emulator, protected=True)


@pytest.mark.parametrize("protected", [False, True])
def test_only_what_is_protected_survives(emulator, patch, protected):
    patch(protection)

    assert survives(emulator, protected) is protected


def test_a_protected_user_pool_survives(emulator, patch):
    patch(protection)
    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"DeletionProtection": "ACTIVE"}}
    stack = emulator.deploy(Pool=pool)

    emulator.delete(stack.name)

    found = emulator.client("cognito-idp").describe_user_pool(UserPoolId=stack.ids["Pool"])
    assert found["UserPool"]["Id"] == stack.ids["Pool"]
