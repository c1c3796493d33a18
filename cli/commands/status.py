"""`tap status`: what is deployed, and the fidelity ledger."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import deployment
from cli.commands.options import Home, Json, running_cloud
from cli.console import data, emit, show, talk
from localcloud import ledger as fidelity
from localcloud import process
from localcloud.cloud import Cloud
from localcloud.ledger import Fidelity, Verdict
from localcloud.reapplied import DeployedSettings, present

_LEDGER = "Fidelity ledger"
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
        at = f"running at {cloud.endpoint}, process {running and running.pid}"
        talk.print(Text.assemble(("● ", "green"), at))
        show(("Resource", "Here", "What that means"), _lines(rows, each=each), title=_LEDGER)
        counts = Counter(row["verdict"] for row in rows)
        data.print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
        for web_acl in _web_acls(cloud):
            columns = ("Rule", "Action", "Requests", "The last")
            show(columns, _samples(web_acl), title=f"Web ACL {web_acl['web_acl']}")
    if any(row["verdict"] == Verdict.UNKNOWN or row["missing"] for row in rows):
        raise typer.Exit(1)


def _web_acls(cloud: Cloud) -> list[dict[str, Any]]:
    try:
        found = json.loads((cloud.home / "run" / "web-acls.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = []
    reports: list[dict[str, Any]] = found
    return reports


def _samples(web_acl: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """What a web ACL's rules counted and blocked, with the newest request of each."""
    newest = {(s["rule"], s["action"]): s for s in web_acl["samples"]}
    for row in web_acl["counts"]:
        sample = newest.get((row["rule"], row["action"]))
        last = f"{sample['source_ip']} {sample['method']} {sample['path']}" if sample else "-"
        yield row["rule"], row["action"], str(row["count"]), last


def ledger(cloud: Cloud) -> list[dict[str, Any]]:
    """One row for each resource of each deployed stack, with its settings read back."""
    kept = {(item.type, item.id): item for item in DeployedSettings.of(cloud.home).read()}
    cloudformation = cloud.client("cloudformation")
    client = cache(cloud.client)
    rows = []
    for stack in deployment.stacks(cloud):
        resources = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
        for resource in sorted(resources, key=lambda item: item["ResourceType"]):
            found = _fidelity(client, resource)
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


def _fidelity(client: Callable[[str], Any], resource: dict[str, Any]) -> Fidelity:
    if resource["ResourceType"] == "AWS::CloudWatch::Alarm":
        found = client("cloudwatch").describe_alarms(AlarmNames=[resource["PhysicalResourceId"]])
        return fidelity.of_alarm(*found["MetricAlarms"])
    if resource["ResourceType"] != "AWS::WAFv2::WebACL":
        return fidelity.of(resource["ResourceType"])
    name, acl_id, scope = resource["PhysicalResourceId"].split("|")
    found = client("wafv2").get_web_acl(Name=name, Id=acl_id, Scope=scope)
    return fidelity.of_web_acl(found["WebACL"])


def _lines(rows: list[dict[str, Any]], *, each: bool) -> Iterator[tuple[str | Text, ...] | None]:
    for stack, of_stack in groupby(rows, key=lambda row: row["stack"]):
        yield None
        yield (Text(stack, "bold"),)
        key = (lambda row: row["resource"]) if each else (lambda row: row["type"])
        for name, group in groupby(of_stack, key=key):
            alike = list(group)
            count = f" x{len(alike)}" if len(alike) > 1 else ""
            verdict = Text(alike[0]["verdict"], _COLOURS[alike[0]["verdict"]])
            what = Text.assemble(name.removeprefix("AWS::"), (count, "dim"))
            yield what, verdict, _meaning(alike)


def _meaning(alike: list[dict[str, Any]]) -> Text:
    read_back = sorted({name for row in alike for name in row["read_back"]})
    missing = sorted({f"{name} of {row['resource']}" for row in alike for name in row["missing"]})
    meaning = Text(str(alike[0]["note"]))
    if read_back:
        meaning.append(f" (read back: {', '.join(read_back)})", "dim")
    if missing:
        meaning.append(f" (template only: {', '.join(missing)}; run `tap up`)", "red")
    return meaning
