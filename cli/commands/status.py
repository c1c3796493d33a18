"""`tap status`: what is deployed, and the fidelity ledger."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli import stacks, targets
from cli.console import emit, show, styled, talk
from cli.options import Aws, Context, Home, Json
from cli.targets import Target

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_FACTS = ("stack", "status", "changed", "protected", "drift", "resources")
_FACTS_OF_A_RESOURCE = {
    "resource": "LogicalResourceId",
    "type": "ResourceType",
    "status": "ResourceStatus",
}


def status(
    as_json: Json = False,
    each: Annotated[
        bool, typer.Option("--each", help="List each property of each resource, not each type.")
    ] = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Show what is deployed, and whether it is enforced, recorded or skipped here.

    It is enforced when all of its properties that protect are; `docs/fidelity.md` has every one.
    Settings that the emulator drops from a template are re-applied; here each is read back.
    Exits with 1 when one is missing or a property is unknown.

    With --aws it shows what CloudFormation knows of the stacks: the fidelity ledger is about the
    embedded cloud alone. Exits with 1 when a stack is not deployed or its last change failed.
    """
    target = targets.find(home, aws=aws, context=context)
    if target.cloud:
        good = _show_ledger(target, target.cloud, as_json=as_json, each=each)
    else:
        good = _show_stacks(target, as_json=as_json, each=each)
    if not good:
        raise typer.Exit(1)


def _show_ledger(target: Target, cloud: "Cloud", *, as_json: bool, each: bool) -> bool:
    from cli import fidelity
    from localcloud import process

    running, rows = process.running(cloud.home), fidelity.read(target, cloud)
    web_acls, pid = fidelity.web_acls(cloud), running.pid if running else None
    if as_json:
        emit({"pid": pid, "resources": rows, "web_acls": web_acls})
    else:
        talk.print(styled(("● ", "green"), f"running at {cloud.endpoint}, process {pid}"))
        fidelity.print_ledger(rows, each=each)
        fidelity.print_web_acls(web_acls)
    return fidelity.is_whole(rows)


def _show_stacks(target: Target, *, as_json: bool, each: bool) -> bool:
    rows = [_facts(target, name) for name in target.names]
    if as_json:
        emit({"account": target.number, "region": target.region, "stacks": rows})
    else:
        told = "The fidelity ledger is about the embedded cloud alone; these are AWS's own words"
        talk.print(told)
        counted = (row | {"resources": len(row["resources"])} for row in rows)
        shown = [[str(row[fact]) for fact in _FACTS] for row in counted]
        show([fact.capitalize() for fact in _FACTS], shown, title="Stacks")
        if odd := list(_resources(rows, each=each)):
            show(("Resource", "Type", "Status"), odd, title="Resources")
    return all(row["status"] in _SETTLED for row in rows)


def _facts(target: Target, name: str) -> stacks.Json:
    """What CloudFormation knows of a stack; its drift is that of the last look for any."""
    stack = next((stack for stack in target.stacks if stack.name == name), None)
    if stack is None:
        lacking = {"stack": name, "status": "not deployed", "resources": []}
        return dict.fromkeys(_FACTS, "-") | lacking
    said = stack.described
    return {
        "stack": name,
        "status": said["StackStatus"],
        "changed": str(said.get("LastUpdatedTime") or said["CreationTime"]),
        "protected": said.get("EnableTerminationProtection", False),
        "drift": said.get("DriftInformation", {}).get("StackDriftStatus", "NOT_CHECKED"),
        "resources": [
            {fact: resource[name] for fact, name in _FACTS_OF_A_RESOURCE.items()}
            for resource in stacks.resources(target.clients, stack)
        ],
    }


def _resources(rows: list[stacks.Json], *, each: bool) -> Iterator[list[str]]:
    """The resources that are not as they were asked for; with `each`, all."""
    for row in rows:
        for name, kind, known in (resource.values() for resource in row["resources"]):
            if each or not known.endswith("_COMPLETE"):
                yield [f"{row['stack']} {name}", kind, known]
