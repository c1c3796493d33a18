"""The fidelity ledger of an embedded cloud, with its settings read back."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.text import Text

from cli import stacks
from cli.console import data, show
from cli.stacks import Json
from cli.targets import Target
from localcloud import ledger
from localcloud.cloud import Cloud
from localcloud.ledger import Fidelity, Verdict, deployed
from localcloud.reapplied import DeployedSettings, present

_COLOURS = dict.fromkeys(Verdict, "yellow") | {
    Verdict.ENFORCED: "green",
    Verdict.SKIPPED: "dim",
    Verdict.UNKNOWN: "red",
}


def read(target: Target, cloud: Cloud) -> list[Json]:
    """Look each property of each deployed resource up, and read its settings back."""
    kept = {(each.type, each.id): each for each in DeployedSettings(cloud.home).read()}
    client = cache(cloud.client)
    rows = []
    for stack in target.stacks:
        templates = target.clients("cloudformation").get_template(StackName=stack.name)
        named = templates["TemplateBody"]["Resources"]
        found = stacks.resources(target.clients, stack)
        for resource in sorted(found, key=lambda item: item["ResourceType"]):
            kind, name = resource["ResourceType"], resource["LogicalResourceId"]
            properties = ledger.examine(kind, named[name].get("Properties", {}))
            fidelity = _of(client, resource, ledger.summarize(kind, properties))
            item = kept.get((kind, resource["PhysicalResourceId"]))
            held: dict[str, bool] = {}
            if item:
                for setting in present(item):
                    held[setting.property] = setting.holds(client(setting.service), item)
            rows.append(
                {
                    "stack": stack.name,
                    "resource": name,
                    "type": kind,
                    "definition": named[name],
                    "verdict": fidelity.verdict,
                    "note": fidelity.note,
                    "properties": {each: asdict(entry) for each, entry in properties.items()},
                    "read_back": [name for name, holds in held.items() if holds],
                    "missing": [name for name, holds in held.items() if not holds],
                }
            )
    return rows


def is_whole(rows: list[Json]) -> bool:
    """Whether every property is known and every setting came back."""
    return not any(row["verdict"] == Verdict.UNKNOWN or row["missing"] for row in rows)


def print_ledger(rows: list[Json], *, each: bool) -> None:
    """Print what becomes of each type of resource; with `each`, of each property of each."""
    columns = ("Resource", "Here", "What that means")
    show(columns, _lines(rows, each=each), title="Fidelity ledger")
    counts = Counter(row["verdict"] for row in rows)
    data.print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))


def web_acls(cloud: Cloud) -> list[Json]:
    """Read what each web ACL counted and blocked so far."""
    file = cloud.home / "run" / "web-acls.json"
    found: list[Json] = json.loads(file.read_text("utf-8")) if file.exists() else []
    return found


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


def _of(client: Callable[[str], Any], resource: Json, by_type: Fidelity) -> Fidelity:
    """The verdict on one resource, of which more may be known than its type says."""
    if resource["ResourceType"] == "AWS::CloudWatch::Alarm":
        found = client("cloudwatch").describe_alarms(AlarmNames=[resource["PhysicalResourceId"]])
        own = deployed.of_alarm(*found["MetricAlarms"])
    elif resource["ResourceType"] == "AWS::WAFv2::WebACL":
        name, acl_id, scope = resource["PhysicalResourceId"].split("|")
        found = client("wafv2").get_web_acl(Name=name, Id=acl_id, Scope=scope)
        own = deployed.of_web_acl(found["WebACL"])
    else:
        return by_type
    return by_type if own.verdict == Verdict.ENFORCED else own


def _lines(rows: list[Json], *, each: bool) -> Iterator[tuple[str | Text, ...] | None]:
    # What is known of one resource alone sets it apart from the others of its type.
    key = itemgetter("resource") if each else itemgetter("type", "verdict")
    for stack in dict.fromkeys(row["stack"] for row in rows):
        yield None
        yield (Text(stack, "bold"),)
        of_stack = [row for row in rows if row["stack"] == stack]
        for _, group in groupby(of_stack if each else sorted(of_stack, key=key), key=key):
            alike = list(group)
            count = f" x{len(alike)}" if len(alike) > 1 else ""
            kind = alike[0]["type"].removeprefix("AWS::")
            what = Text.assemble(alike[0]["resource"] if each else kind, (count, "dim"))
            yield what, _coloured(alike[0]["verdict"]), _meaning(alike)
            for name, entry in alike[0]["properties"].items() if each else ():
                yield f"  {name}", _coloured(entry["verdict"]), entry["why"]


def _coloured(verdict: Verdict) -> Text:
    return Text(verdict, _COLOURS[verdict])


def _meaning(alike: list[Json]) -> Text:
    read_back = sorted({name for row in alike for name in row["read_back"]})
    missing = sorted({f"{name} of {row['resource']}" for row in alike for name in row["missing"]})
    meaning = Text("\n".join(dict.fromkeys(row["note"] for row in alike)))
    if read_back:
        meaning.append(f" (read back: {', '.join(read_back)})", "dim")
    if missing:
        meaning.append(f" (template only: {', '.join(missing)}; run `tap up`)", "red")
    return meaning
