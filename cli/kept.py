"""Resources that outlive their stacks: told by name, and written down for the CDK to adopt."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cli import console, project, stacks
from cli.stacks import Clients

_IDENTIFIERS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
# Named after an API that is gone: another stack's API has another, and nothing to import it for.
_OF_A_GONE_API = "API-Gateway-Execution-Logs_"


class Kept(NamedTuple):
    """A resource that outlived its stack; the first three are what is shown of it."""

    stack: str
    kind: str
    name: str
    logical_id: str


@contextmanager
def told(clients: Clients) -> Iterator[None]:
    """Tell, after what is done inside, what the stacks that it deleted left behind."""
    before = _existing(clients)
    yield
    gone = before.items() - _existing(clients).items()
    kept = [each for name, stack_id in sorted(gone) for each in _left(clients, name, stack_id)]
    if not kept:
        return
    console.show(("Stack", "Kept", "Name"), [each[:3] for each in kept], title="What was kept")
    for stack in dict.fromkeys(each.stack for each in kept):
        folder = project.ROOT / ".build" / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{stack}.json"
        file.write_text(json.dumps(_mapping(stack, kept), indent=2) + "\n", "utf-8")
        console.done(f"{stack} can adopt it with {file}", "(docs/operations.md)")


def _existing(clients: Clients) -> dict[str, str]:
    return {stack.name: stack.described["StackId"] for stack in stacks.describe_all(clients)}


def _left(clients: Clients, stack: str, stack_id: str) -> Iterator[Kept]:
    # A deleted stack is known by its id alone, and its resources by what happened to them.
    client = clients("cloudformation")
    for event in stacks.pages(client, "describe_stack_events", "StackEvents", StackName=stack_id):
        status, kind = event["ResourceStatus"], event["ResourceType"]
        logical_id, name = event["LogicalResourceId"], event.get("PhysicalResourceId", "")
        if status == "DELETE_SKIPPED":
            yield Kept(stack, kind, name, logical_id)
        elif (status, kind) == ("DELETE_COMPLETE", "AWS::RDS::DBInstance"):
            found = clients("rds").describe_db_snapshots(
                DBInstanceIdentifier=name, SnapshotType="manual"
            )
            for each in found["DBSnapshots"]:
                snapshot = each["DBSnapshotIdentifier"]
                yield Kept(stack, "AWS::RDS::DBSnapshot", snapshot, logical_id)


def _mapping(stack: str, kept: list[Kept]) -> dict[str, dict[str, str]]:
    return {
        each.logical_id: {_IDENTIFIERS[each.kind]: each.name}
        for each in reversed(kept)  # the newest came first, and is the one to have
        if each.stack == stack
        and each.kind in _IDENTIFIERS
        and not each.name.startswith(_OF_A_GONE_API)
    }
