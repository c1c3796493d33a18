"""What an interrupted deployment left is brought to where the next can go on."""

import json
from typing import Any

import pytest

from localcloud import recovery
from localcloud.engine.stacks import end_interrupted
from localcloud.errors import CloudError


def recover(cloud: Any) -> dict[str, str]:
    return recovery.recover(cloud)


class CloudFormation:
    """Stacks by name; each call of `describe_stacks` moves those at work to their next status."""

    def __init__(self, undeletable=(), **stacks):
        self.stacks = {name: list(statuses) for name, statuses in stacks.items()}
        self.undeletable = set(undeletable)
        self.calls = []

    def client(self, service):
        assert service == "cloudformation"
        return self

    def get_paginator(self, operation):
        assert operation == "describe_stacks"
        return self

    def paginate(self):
        found = [{"StackName": n, "StackStatus": s[0]} for n, s in self.stacks.items()]
        for statuses in self.stacks.values():
            del statuses[: len(statuses) > 1]
        yield {"Stacks": found}

    def describe_stack_resources(self, **_given):
        return {
            "StackResources": [
                {"LogicalResourceId": "Bad", "ResourceStatus": "UPDATE_FAILED"},
                {"LogicalResourceId": "Good", "ResourceStatus": "UPDATE_COMPLETE"},
            ]
        }

    def update_termination_protection(self, **given):
        self.calls.append(("unprotect", given["StackName"]))

    def delete_stack(self, *, StackName, DeletionMode="STANDARD"):  # noqa: N803
        self.calls.append((DeletionMode, StackName))
        if StackName in self.undeletable:
            self.undeletable -= {StackName} if DeletionMode == "STANDARD" else set()
            self.stacks[StackName] = ["DELETE_IN_PROGRESS", "DELETE_FAILED"]
        else:
            del self.stacks[StackName]

    def continue_update_rollback(self, **given):
        self.calls.append(("continue", given["StackName"], given["ResourcesToSkip"]))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr("localcloud.recovery.time.sleep", lambda seconds: None)


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_FAILED",
        "DELETE_FAILED",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
    ],
)
def test_a_stack_that_was_never_whole_is_deleted(status):
    cloud = CloudFormation(half=[status], whole=["CREATE_COMPLETE"])

    assert recover(cloud) == {"whole": "CREATE_COMPLETE"}
    assert list(cloud.stacks) == ["whole"]


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"],
)
def test_a_whole_stack_is_left_alone(status):
    cloud = CloudFormation(whole=[status])

    recover(cloud)

    assert not cloud.calls


def test_a_stack_at_work_is_waited_for():
    cloud = CloudFormation(busy=["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"])

    recover(cloud)

    assert cloud.stacks == {}


def test_what_cannot_be_deleted_is_left_behind():
    cloud = CloudFormation(undeletable=["half"], half=["ROLLBACK_FAILED"])

    recover(cloud)

    assert cloud.calls[-1] == ("FORCE_DELETE_STACK", "half")
    assert cloud.stacks == {}


def test_a_failed_rollback_goes_on_without_what_failed():
    cloud = CloudFormation(stuck=["UPDATE_ROLLBACK_FAILED"])

    recover(cloud)

    assert cloud.calls == [("continue", "stuck", ["Bad"])]


def test_a_stack_that_stays_is_told_with_what_to_do(monkeypatch):
    cloud = CloudFormation(half=["ROLLBACK_FAILED"])
    monkeypatch.setattr(cloud, "delete_stack", lambda **given: None)

    with pytest.raises(CloudError, match=r"half was left half made.*by deleting its folder"):
        recover(cloud)


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("CREATE_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("CREATE_COMPLETE", "CREATE_COMPLETE"),
        ("REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS"),
    ],
)
def test_a_stack_whose_deployment_ended_with_its_process_has_failed(status, read_as):
    stack = {"StackStatus": status, "_template": {}}

    end_interrupted(stack)

    assert stack["StackStatus"] == read_as


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_an_interrupted_update_shows_the_template_before_it(status):
    before: dict[str, Any] = {"Resources": {}}
    after: dict[str, Any] = {"Resources": {"New": {}}}
    stack = {"StackStatus": status, "_template": before, "_template_body": json.dumps(after)}

    end_interrupted(stack)

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert json.loads(stack["_template_body"]) == before
