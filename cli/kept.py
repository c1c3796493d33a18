"""What destroyed stacks left behind: told by name, and written down for the CDK to take it back."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cli import console, project

# By which property `cdk import` knows an existing resource; its value is the physical id. As
# `aws cloudformation get-template-summary` says it of each type.
_IDENTIFIERS = {
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::Cognito::UserPool": "UserPoolId",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Key": "KeyId",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueUrl",
    "AWS::SecretsManager::Secret": "Id",
}
# Named after an API that is gone: another stack's API has another, and nothing to import it for.
_OF_A_GONE_API = "API-Gateway-Execution-Logs_"

Client = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A resource that outlived its stack."""

    stack: str
    logical_id: str
    kind: str
    name: str


@contextmanager
def told(client: Client) -> Iterator[None]:
    """Tell, after what is done inside, what the stacks that it deleted left behind.

    Args:
        client: Makes a client of a service.
    """
    cloudformation = client("cloudformation")
    before = _existing(cloudformation)
    yield
    gone = before.items() - _existing(cloudformation).items()
    kept = [each for name, stack_id in sorted(gone) for each in _left(client, name, stack_id)]
    if not kept:
        return
    console.show(
        ("Stack", "Kept", "Name"),
        [(each.stack, each.kind, each.name) for each in kept],
        title="What was kept",
    )
    for stack in dict.fromkeys(each.stack for each in kept):
        folder = project.ROOT / ".build" / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{stack}.json"
        file.write_text(json.dumps(_mapping(stack, kept), indent=2) + "\n", "utf-8")
        console.done(f"{stack} can adopt it with {file}", "(docs/operations.md)")


def _existing(cloudformation: Any) -> dict[str, str]:
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return {stack["StackName"]: stack["StackId"] for page in pages for stack in page["Stacks"]}


def _left(client: Client, stack: str, stack_id: str) -> Iterator[Kept]:
    # A deleted stack is known by its id alone, and its resources by what happened to them.
    events = client("cloudformation").get_paginator("describe_stack_events")
    for page in events.paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            status, kind = event["ResourceStatus"], event["ResourceType"]
            place = {"stack": stack, "logical_id": event["LogicalResourceId"]}
            if status == "DELETE_SKIPPED":
                yield Kept(**place, kind=kind, name=event["PhysicalResourceId"])
            elif (status, kind) == ("DELETE_COMPLETE", "AWS::RDS::DBInstance"):
                found = client("rds").describe_db_snapshots(
                    DBInstanceIdentifier=event["PhysicalResourceId"], SnapshotType="manual"
                )
                for snapshot in found["DBSnapshots"]:
                    name = snapshot["DBSnapshotIdentifier"]
                    yield Kept(**place, kind="AWS::RDS::DBSnapshot", name=name)


def _mapping(stack: str, kept: list[Kept]) -> dict[str, dict[str, str]]:
    return {
        each.logical_id: {_IDENTIFIERS[each.kind]: each.name}
        for each in reversed(kept)  # the newest came first, and is the one to have
        if each.stack == stack
        and each.kind in _IDENTIFIERS
        and not each.name.startswith(_OF_A_GONE_API)
    }
