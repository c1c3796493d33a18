"""Where data is kept, a stack can be deployed again: after a failed creation, and after its end.

The stacks have the very resources of TapStack that hold data, as they are synthesized.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from cli import project
from tap import build_app
from tests.deployment import Deployment
from tests.unit.synthesized import context

pytestmark = pytest.mark.embedded

_HOLDING_DATA = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket")
Template = dict[str, Any]


class Drill:
    """A stack of an environment of its own that keeps its data."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self.cloudformation = deployment.client("cloudformation")
        self.suffix = f"kept-{uuid.uuid4().hex[:6]}"
        self.name = f"TapStack{self.suffix}"
        self.table = f"tap-data-table-{self.suffix}"
        self._folder = folder

    def template(self, *, protected: bool, fails: bool = False) -> Template:
        """What holds data in TapStack, and something that cannot be created after it."""
        folder = self._folder / f"{protected}"
        settings = {"environmentSuffix": self.suffix, "deletionProtection": str(protected).lower()}
        build_app(
            outdir=str(folder),
            builtin_cloud_formation_validation=False,
            context=context(**settings),
        ).synth()
        whole = json.loads((folder / f"{self.name}.template.json").read_text("utf-8"))
        holding = {
            name: each
            for name, each in whole["Resources"].items()
            if each["Type"] in _HOLDING_DATA
            and not (each["Type"] == "AWS::Logs::LogGroup" and "vendedlogs" in json.dumps(each))
        }
        failing = {
            "Type": "Custom::Nothing",
            "DependsOn": sorted(holding),
            "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:none"},
        }
        return {"Resources": holding | ({"Failing": failing} if fails else {})}

    def create(self, template: Template) -> str:
        """Create the stack and return what became of it."""
        self.cloudformation.create_stack(StackName=self.name, TemplateBody=json.dumps(template))
        return self.wait("stack_create_complete")

    def adopt(self, template: Template, mapping: dict[str, dict[str, str]]) -> str:
        """Make the stack of what exists, as `cdk import` does."""
        kinds = {name: each["Type"] for name, each in template["Resources"].items()}
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName="adopt",
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps(template),
            ResourcesToImport=[
                {"ResourceType": kinds[name], "LogicalResourceId": name, "ResourceIdentifier": by}
                for name, by in mapping.items()
            ],
        )
        place = {"StackName": self.name, "ChangeSetName": "adopt"}
        self.cloudformation.get_waiter("change_set_create_complete").wait(
            **place, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        self.cloudformation.execute_change_set(**place)
        return self.wait("stack_import_complete")

    def wait(self, what: str) -> str:
        """Wait for it, or for what became of the stack instead."""
        with suppress(WaiterError):
            self.cloudformation.get_waiter(what).wait(
                StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        stacks = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return str(stacks[0]["StackStatus"])

    def exists(self) -> bool:
        """Whether its table is there."""
        return self.table in self.deployment.client("dynamodb").list_tables()["TableNames"]

    def remove(self) -> None:
        """Remove the stack and what it kept."""
        dynamodb, s3 = self.deployment.client("dynamodb"), self.deployment.client("s3")
        logs = self.deployment.client("logs")
        if self.exists():
            dynamodb.update_table(TableName=self.table, DeletionProtectionEnabled=False)
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        if self.exists():
            dynamodb.delete_table(TableName=self.table)
        for bucket in s3.list_buckets()["Buckets"]:
            if self.suffix in bucket["Name"]:
                s3.delete_bucket(Bucket=bucket["Name"])
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/tap-")["logGroups"]:
            if self.suffix in group["logGroupName"]:
                logs.delete_log_group(logGroupName=group["logGroupName"])


@pytest.fixture
def drill(deployment: Deployment, tmp_path: Path) -> Iterator[Drill]:
    drill = Drill(deployment, tmp_path)
    yield drill
    drill.remove()


def test_a_first_deployment_that_fails_leaves_nothing_and_can_be_tried_again(drill: Drill) -> None:
    failed = drill.create(drill.template(protected=False, fails=True))
    left = drill.exists()
    drill.cloudformation.delete_stack(StackName=drill.name)

    again = drill.create(drill.template(protected=False))

    assert failed == "ROLLBACK_COMPLETE"
    assert not left
    assert again == "CREATE_COMPLETE"


def test_a_first_deployment_that_fails_cannot_be_undone_where_data_is_protected(
    drill: Drill,
) -> None:
    failed = drill.create(drill.template(protected=True, fails=True))

    assert failed == "ROLLBACK_FAILED"
    assert drill.exists()


def test_a_destroyed_stack_is_told_of_and_adopted_with_its_data(drill: Drill) -> None:
    template, dynamodb = drill.template(protected=False), drill.deployment.client("dynamodb")
    drill.create(template)
    dynamodb.put_item(TableName=drill.table, Item={"id": {"S": "precious"}})
    suffix = f"environmentSuffix={drill.suffix}"

    said = drill.deployment.tap("cdk", "destroy", drill.name, "--force", "-c", suffix).stdout
    mapping = json.loads((project.ROOT / f".build/kept/{drill.name}.json").read_text("utf-8"))
    adopted = drill.adopt(template, mapping)

    assert drill.table in said
    assert set(mapping) == set(template["Resources"])
    assert adopted == "IMPORT_COMPLETE"
    assert dynamodb.get_item(TableName=drill.table, Key={"id": {"S": "precious"}})["Item"]
