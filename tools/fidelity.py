"""The page on fidelity: the embedded cloud's ledger of the properties that templates have."""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from localcloud import ledger
from localcloud.ledger import Entry, Verdict
from tap import build_app

_CONTEXT = json.loads((Path(__file__).parent.parent / "cdk.json").read_text("utf-8"))["context"]
_UUID = "11111111-2222-3333-4444-555555555555"
# Together they make every property that a setting can: a test compares with those of the tests.
_VARIANTS = (
    {"environmentSuffix": "dev", "natGateways": "one"},
    {"environmentSuffix": "dev", "natGateways": "none"},
    {
        "environmentSuffix": "prod",
        "natGateways": "regional",
        "alarmEmail": "ops@example.com",
        "storeWebAclArn": f"arn:aws:wafv2:us-east-1:{'1' * 12}:global/webacl/Firewall/{_UUID}",
        "storeDomain": "shop.example.com",
        "storeCertificateArn": f"arn:aws:acm:us-east-1:{'1' * 12}:certificate/{_UUID}",
    },
    {"environmentSuffix": "prod", "edge": "true", "storeDomain": "shop.example.com"},
)
_HEAD = """# Fidelity

What the embedded cloud does with each property that the stacks' templates have, over all settings.
Written by `python -m tools.generate` from `localcloud/ledger/`; [how to read
it](embedded-cloud.md#the-fidelity-ledger). `tap status --each` says the same of what is deployed.
"""
_COUNTED = (Verdict.ENFORCED, Verdict.RECORDED, Verdict.TEMPLATE, Verdict.UNKNOWN)
# The entries of each type of resource, by property.
Found = dict[str, dict[str, Entry]]


def synthesize() -> Iterator[tuple[str, dict[str, Any]]]:
    """Synthesize every stack with settings that make every property: each one's name, template."""
    for settings in _VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            app = build_app(
                outdir=folder,
                builtin_cloud_formation_validation=False,
                context={**_CONTEXT, **settings},
            )
            for stack in app.synth().stacks:
                yield stack.stack_name.removesuffix(settings["environmentSuffix"]), stack.template


def page(templates: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return the page.

    Args:
        templates: The name of a stack and a template of it, for each variant of its settings.
    """
    stacks: defaultdict[str, Found] = defaultdict(dict)
    every: Found = {}
    for stack, template in templates:
        for resource in template["Resources"].values():
            found = ledger.examine(resource["Type"], resource.get("Properties", {}))
            for types in (stacks[stack], every):
                types.setdefault(resource["Type"], {}).update(found)
    lines = [*_table("", ("Stack", *_COUNTED), (_counts(*each) for each in sorted(stacks.items())))]
    for stack, types in sorted(stacks.items()):
        summaries = ((kind, ledger.summarize(kind, types[kind])) for kind in sorted(types))
        rows = ([f"`{kind}`", each.verdict, each.note] for kind, each in summaries)
        lines += _table(stack, ("Type", "Here", "What that means"), rows)
    for kind, entries in sorted(every.items()):
        rows = (_row(*each) for each in sorted(entries.items()))
        lines += _table(kind, ("Property", "Here", "Protects", "What that means", "Test"), rows)
    return "\n".join([_HEAD, *lines])


def _counts(name: str, found: Found) -> list[str]:
    counts = Counter(entry.verdict for entries in found.values() for entry in entries.values())
    return [name, *(str(counts[verdict]) for verdict in _COUNTED)]


def _row(name: str, entry: Entry) -> list[str]:
    shown = f"`{entry.test}`" if entry.test else ""
    return [f"`{name}`", entry.verdict, "yes" if entry.protects else "", entry.why, shown]


def _table(title: str, head: Iterable[str], rows: Iterable[list[str]]) -> Iterator[str]:
    titles = [each.capitalize() for each in head]
    yield from [f"## {title}\n"] if title else []
    yield from (f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}")
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
