"""Recovery of stacks that an interrupted deployment left.

The processes it started are ended by `orphans.end`; here it is the stacks.
"""

import time
from typing import Any

from localcloud import process
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_PATIENCE_SECONDS = 60.0
# A stack in one of these was never whole: nothing is lost with it. A change set that was made but
# not executed leaves a stack in review.
_NEVER_WHOLE = (
    "CREATE_FAILED",
    "DELETE_FAILED",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
)


def recover(cloud: Cloud) -> dict[str, str]:
    """Let operations end, delete the stacks that were never whole, finish failed rollbacks.

    Returns:
        The status of every stack, by its name.
    """
    client = cloud.client("cloudformation")
    if not _settled(client):
        # What is at work inside waits for something that will not come. A restart ends it.
        process.stop(cloud.home)
        process.start(cloud)
    for name, status in _stacks(client).items():
        if status in _NEVER_WHOLE:
            _delete(client, name)
        elif status == "UPDATE_ROLLBACK_FAILED":
            _continue_rollback(client, name)
    return _stacks(client)


def _stacks(client: Any) -> dict[str, str]:
    """The status of every stack by its name."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"]]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


def _settled(client: Any) -> bool:
    """Wait until nothing is in progress; False when something still is."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(
        status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
        for status in _stacks(client).values()
    ):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _delete(client: Any, name: str) -> None:
    client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    client.delete_stack(StackName=name)
    _settled(client)
    if _stacks(client).get(name) == "DELETE_FAILED":
        # Leave behind what cannot be deleted.
        client.delete_stack(StackName=name, DeletionMode="FORCE_DELETE_STACK")
        _settled(client)
    if name in _stacks(client):
        mend = "forget the embedded cloud by deleting its folder, then start again"
        raise CloudError(f"{name} was left half made and cannot be deleted; {mend}")


def _continue_rollback(client: Any, name: str) -> None:
    found = client.describe_stack_resources(StackName=name)["StackResources"]
    failed = [e["LogicalResourceId"] for e in found if e["ResourceStatus"] == "UPDATE_FAILED"]
    client.continue_update_rollback(StackName=name, ResourcesToSkip=failed)
    _settled(client)
