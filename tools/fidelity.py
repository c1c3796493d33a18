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

_ROOT = Path(__file__).parent.parent
_DOMAIN = {
    "storeDomain": "shop.example.com",
    "storeCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/"
    "11111111-2222-3333-4444-555555555555",
}
# Together they make every property that a setting can: a test compares with those of the tests.
_VARIANTS: tuple[dict[str, str], ...] = (
    {"environmentSuffix": "dev"},
    {"environmentSuffix": "dev", "natGateways": "none"},
    {
        "environmentSuffix": "prod",
        "natGateways": "regional",
        "alarmEmail": "ops@example.com",
        "storeFirewall": "true",
        **_DOMAIN,
    },
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
    declared = json.loads((_ROOT / "cdk.json").read_text("utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        for number, settings in enumerate(_VARIANTS):
            app = build_app(
                outdir=f"{folder}/{number}",
                builtin_cloud_formation_validation=False,
                context={**declared, **settings},
            )
            for stack in app.synth().stacks:
                yield stack.stack_name.removesuffix(settings["environmentSuffix"]), stack.template


def page(templates: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return the page.

    Args:
        templates: The name of a stack and a template of it, for each variant of its settings.
    """
    by_stack: defaultdict[str, Found] = defaultdict(dict)
    every: Found = {}
    for stack, template in templates:
        for resource in template["Resources"].values():
            found = ledger.examine(resource["Type"], resource.get("Properties", {}))
            by_stack[stack].setdefault(resource["Type"], {}).update(found)
            every.setdefault(resource["Type"], {}).update(found)
    return "\n".join(
        [
            _HEAD,
            *_table(("Stack", *_COUNTED), (_counts(*each) for each in sorted(by_stack.items()))),
            *(line for stack in sorted(by_stack) for line in _stack(stack, by_stack[stack])),
            *(line for kind in sorted(every) for line in _type(kind, every[kind])),
        ]
    )


def _counts(name: str, found: Found) -> list[str]:
    counts = Counter(entry.verdict for entries in found.values() for entry in entries.values())
    return [name, *(str(counts[verdict]) for verdict in _COUNTED)]


def _stack(stack: str, found: Found) -> Iterator[str]:
    yield f"## {stack}\n"
    summaries = ((kind, ledger.summarize(kind, found[kind])) for kind in sorted(found))
    rows = ([f"`{kind}`", each.verdict, each.note] for kind, each in summaries)
    yield from _table(("Type", "Here", "What that means"), rows)


def _type(kind: str, entries: dict[str, Entry]) -> Iterator[str]:
    yield f"## {kind}\n"
    rows = (
        [f"`{name}`", each.verdict, "yes" if each.protects else "", each.why, f"`{each.test}`"]
        for name, each in sorted(entries.items())
    )
    yield from _table(("Property", "Here", "Protects", "What that means", "Shown by"), rows)


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> Iterator[str]:
    titles = [title.capitalize() for title in head]
    yield f"| {' | '.join(titles)} |"
    yield f"|{' --- |' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |".replace("``", "")
    yield ""
