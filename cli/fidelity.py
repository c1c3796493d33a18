"""The fidelity ledger of an embedded cloud, with its settings read back."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from typing import Any

from rich.text import Text

from cli import stacks
from cli.console import data, show
from cli.stacks import Json
from cli.targets import Target
from localcloud import ledger
from localcloud.cloud import Cloud
from localcloud.deployed_settings import DeployedSettings
from localcloud.ledger import Fidelity, Verdict
from localcloud.reapplied import present

_COLOURS = {
    Verdict.ENFORCED: "green",
    Verdict.RECORDED: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.UNKNOWN: "red",
}


def read(target: Target, cloud: Cloud) -> list[Json]:
    """Look at each resource of each deployed stack, and read its settings back."""
    kept = {(item.type, item.id): item for item in DeployedSettings.of(cloud.home).read()}
    client = cache(cloud.client)
    rows = []
    for stack in target.stacks:
        found = stacks.resources(target.clients, stack)
        for resource in sorted(found, key=lambda item: item["ResourceType"]):
            fidelity = _of(client, resource)
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
                    "verdict": fidelity.verdict,
                    "note": fidelity.note,
                    "read_back": [name for name, holds in held.items() if holds],
                    "missing": [name for name, holds in held.items() if not holds],
                }
            )
    return rows


def is_whole(rows: list[Json]) -> bool:
    """Whether every type is known and every setting came back."""
    return not any(row["verdict"] == Verdict.UNKNOWN or row["missing"] for row in rows)


def print_ledger(rows: list[Json], *, each: bool) -> None:
    """Print what becomes of each type of resource; with `each`, of each resource."""
    columns = ("Resource", "Here", "What that means")
    show(columns, _lines(rows, each=each), title="Fidelity ledger")
    counts = Counter(row["verdict"] for row in rows)
    data.print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))


def web_acls(cloud: Cloud) -> list[Json]:
    """Read what each web ACL counted and blocked so far."""
    try:
        found = json.loads((cloud.home / "run" / "web-acls.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = []
    reports: list[Json] = found
    return reports


def print_web_acls(reports: list[Json]) -> None:
    """Print what each web ACL counted and blocked, with the newest request of each rule."""
    for web_acl in reports:
        columns = ("Rule", "Action", "Requests", "The last")
        show(columns, _samples(web_acl), title=f"Web ACL {web_acl['web_acl']}")


def _samples(web_acl: Json) -> Iterator[tuple[str, ...]]:
    newest = {(s["rule"], s["action"]): s for s in web_acl["samples"]}
    for row in web_acl["counts"]:
        sample = newest.get((row["rule"], row["action"]))
        last = f"{sample['source_ip']} {sample['method']} {sample['path']}" if sample else "-"
        yield row["rule"], row["action"], str(row["count"]), last


def _of(client: Callable[[str], Any], resource: Json) -> Fidelity:
    if resource["ResourceType"] == "AWS::CloudWatch::Alarm":
        found = client("cloudwatch").describe_alarms(AlarmNames=[resource["PhysicalResourceId"]])
        return ledger.of_alarm(*found["MetricAlarms"])
    if resource["ResourceType"] != "AWS::WAFv2::WebACL":
        return ledger.of(resource["ResourceType"])
    name, acl_id, scope = resource["PhysicalResourceId"].split("|")
    found = client("wafv2").get_web_acl(Name=name, Id=acl_id, Scope=scope)
    return ledger.of_web_acl(found["WebACL"])


def _lines(rows: list[Json], *, each: bool) -> Iterator[tuple[str | Text, ...] | None]:
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


def _meaning(alike: list[Json]) -> Text:
    read_back = sorted({name for row in alike for name in row["read_back"]})
    missing = sorted({f"{name} of {row['resource']}" for row in alike for name in row["missing"]})
    meaning = Text(str(alike[0]["note"]))
    if read_back:
        meaning.append(f" (read back: {', '.join(read_back)})", "dim")
    if missing:
        meaning.append(f" (template only: {', '.join(missing)}; run `tap up`)", "red")
    return meaning
