"""`tap status`: what is deployed, and the fidelity ledger."""

import json
from collections import Counter
from functools import cache
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from localcloud import deployment, fidelity, process
from localcloud.cloud import Cloud
from localcloud.commands.options import Home, Json, running_cloud
from localcloud.console import data, emit, talk
from localcloud.fidelity import Verdict
from localcloud.settings import DeployedSettings, present

_COLOURS = {
    Verdict.ENFORCED: "green",
    Verdict.RECORDED: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.UNKNOWN: "red",
}


def status(
    home: Home = None,
    as_json: Json = False,
    each: Annotated[
        bool, typer.Option("--each", help="List each resource, not each type of resource.")
    ] = False,
) -> None:
    """Show what is deployed, and whether it is enforced, recorded or skipped here.

    Settings that the emulator drops from a template are re-applied; here each is read back.
    Exits with 1 when one is missing or a resource's type is unknown.
    """
    cloud = running_cloud(home)
    running = process.running(cloud.home)
    rows = ledger(cloud)
    if as_json:
        pid = running.pid if running else None
        emit({"pid": pid, "resources": rows, "web_acls": _web_acls(cloud)})
    else:
        talk.print(f"[green]●[/] running at {cloud.endpoint}, process {running and running.pid}")
        data.print(_table(rows, each=each))
        counts = Counter(row["verdict"] for row in rows)
        data.print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
        for web_acl in _web_acls(cloud):
            data.print(_samples(web_acl))
    if any(row["verdict"] == Verdict.UNKNOWN or row["missing"] for row in rows):
        raise typer.Exit(1)


def _web_acls(cloud: Cloud) -> list[dict[str, Any]]:
    try:
        found = json.loads((cloud.home / "run" / "web-acls.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = []
    reports: list[dict[str, Any]] = found
    return reports


def _samples(web_acl: dict[str, Any]) -> Table:
    """What a web ACL's rules counted and blocked, with the newest request of each."""
    newest = {(s["rule"], s["action"]): s for s in web_acl["samples"]}
    listing = Table("Rule", "Action", "Requests", "The last", title=f"Web ACL {web_acl['web_acl']}")
    for row in web_acl["counts"]:
        sample = newest.get((row["rule"], row["action"]))
        last = f"{sample['source_ip']} {sample['method']} {sample['path']}" if sample else "-"
        listing.add_row(row["rule"], row["action"], str(row["count"]), escape(last))
    return listing


def ledger(cloud: Cloud) -> list[dict[str, Any]]:
    """One row for each resource of each deployed stack, with its settings read back."""
    kept = {(item.type, item.id): item for item in DeployedSettings.of(cloud.home).read()}
    cloudformation = cloud.client("cloudformation")
    client = cache(cloud.client)
    rows = []
    for stack in deployment.stacks(cloud):
        resources = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
        for resource in sorted(resources, key=lambda item: item["ResourceType"]):
            found = fidelity.of(resource["ResourceType"])
            deployed = kept.get((resource["ResourceType"], resource["PhysicalResourceId"]))
            held: dict[str, bool] = {}
            if deployed:
                for setting in present(deployed):
                    held[setting.property] = setting.holds(client(setting.service), deployed)
            rows.append(
                {
                    "stack": stack.name,
                    "resource": resource["LogicalResourceId"],
                    "type": resource["ResourceType"],
                    "verdict": found.verdict,
                    "note": found.note,
                    "read_back": [name for name, holds in held.items() if holds],
                    "missing": [name for name, holds in held.items() if not holds],
                }
            )
    return rows


def _table(rows: list[dict[str, Any]], *, each: bool) -> Table:
    listing = Table("Resource", "Here", "What that means", title="Fidelity ledger")
    for stack, of_stack in groupby(rows, key=lambda row: row["stack"]):
        listing.add_section()
        listing.add_row(f"[bold]{stack}[/]", "", "")
        key = (lambda row: row["resource"]) if each else (lambda row: row["type"])
        for name, group in groupby(of_stack, key=key):
            alike = list(group)
            count = f" [dim]x{len(alike)}[/]" if len(alike) > 1 else ""
            row = alike[0]
            verdict = f"[{_COLOURS[row['verdict']]}]{row['verdict']}[/]"
            listing.add_row(f"{name.removeprefix('AWS::')}{count}", verdict, _meaning(alike))
    return listing


def _meaning(alike: list[dict[str, Any]]) -> str:
    read_back = sorted({name for row in alike for name in row["read_back"]})
    missing = sorted({f"{name} of {row['resource']}" for row in alike for name in row["missing"]})
    meaning = str(alike[0]["note"])
    if read_back:
        meaning += f" [dim](read back: {', '.join(read_back)})[/]"
    if missing:
        meaning += f" [red](template only: {', '.join(missing)}; run `tap up`)[/]"
    return meaning
