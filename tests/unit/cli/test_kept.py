"""What `tap cdk destroy` tells of what outlived its stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import kept, project

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1"


def _described(name: str, stack_id: str) -> dict[str, str]:
    return {"StackName": name, "StackId": stack_id, "StackStatus": "CREATE_COMPLETE"}


class Account:
    """An account of two stacks, of which one is deleted while it is watched."""

    def __init__(self, *events: tuple[str, str, str, str]) -> None:
        self.stacks = {"Shop": STACK, "Other": f"{STACK}-other"}
        self.events = events

    def client(self, _: str) -> "Account":
        return self

    def get_paginator(self, operation: str) -> Any:
        account = self

        class Pages:
            def paginate(self, **place: str) -> list[dict[str, Any]]:
                if operation == "describe_stacks":
                    stacks = account.stacks.items()
                    return [{"Stacks": [_described(n, i) for n, i in stacks]}]
                assert place == {"StackName": STACK}, "a deleted stack is known by its id"
                names = ("ResourceStatus", "ResourceType", "LogicalResourceId")
                return [
                    {"StackEvents": [dict(zip((*names, "PhysicalResourceId"), event, strict=True))]}
                    for event in account.events
                ]

        return Pages()

    def describe_db_snapshots(self, **wanted: str) -> Any:
        assert wanted == {"DBInstanceIdentifier": "tap-store-prod", "SnapshotType": "manual"}
        return {"DBSnapshots": [{"DBSnapshotIdentifier": "last-of-tap-store-prod"}]}


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    return tmp_path


def destroy(account: Account) -> None:
    with kept.told(account.client):
        del account.stacks["Shop"]


def test_each_thing_that_was_kept_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    destroy(
        Account(
            ("DELETE_SKIPPED", "AWS::DynamoDB::Table", "Items", "tap-data-table-prod"),
            ("DELETE_COMPLETE", "AWS::Lambda::Function", "Api", "tap-api-function-prod"),
            ("DELETE_COMPLETE", "AWS::RDS::DBInstance", "Database", "tap-store-prod"),
        )
    )

    said = capsys.readouterr().out
    assert "AWS::DynamoDB::Table" in said
    assert "tap-data-table-prod" in said
    assert "last-of-tap-store-prod" in said
    assert "tap-api-function-prod" not in said


def test_what_the_cdk_can_adopt_is_written_down_as_it_takes_it(checkout: Path) -> None:
    destroy(
        Account(
            ("DELETE_SKIPPED", "AWS::DynamoDB::Table", "Items", "new-table"),
            ("DELETE_SKIPPED", "AWS::DynamoDB::Table", "Items", "table-before-its-replacement"),
            ("DELETE_SKIPPED", "AWS::Logs::LogGroup", "Log", "API-Gateway-Execution-Logs_a1/prod"),
            ("DELETE_SKIPPED", "AWS::KMS::Key", "Key", "1234"),
            ("DELETE_COMPLETE", "AWS::RDS::DBInstance", "Database", "tap-store-prod"),
        )
    )

    assert json.loads((checkout / ".build/kept/Shop.json").read_text("utf-8")) == {
        "Items": {"TableName": "new-table"},
        "Key": {"KeyId": "1234"},
    }


def test_nothing_is_said_where_nothing_was_kept(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    destroy(Account(("DELETE_COMPLETE", "AWS::DynamoDB::Table", "Items", "tap-data-table-dev")))

    assert capsys.readouterr() == ("", "")
    assert not (checkout / ".build").exists()
