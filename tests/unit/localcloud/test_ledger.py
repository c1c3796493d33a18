"""The ledger has every property that a template has, no other, and shows what it calls enforced."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import ledger
from localcloud.ledger import Entry, Verdict
from tests.unit.synthesized import GONE, KINDS, SynthesizedStack
from tools import fidelity

ROOT = Path(__file__).parents[3]
VARIANTS = ("dev", "prod", "store_nat_none", "store_nat_regional")
EVERY = {
    (kind, name): entry
    for kind, entries in ledger.entries().items()
    for name, entry in entries.items()
}
SHOWN = sorted({entry.test for entry in EVERY.values() if entry.test})


@pytest.fixture(scope="module", name="stacks")
def every_variant_of_every_stack(request: pytest.FixtureRequest) -> list[SynthesizedStack]:
    made = [request.getfixturevalue(variant) for variant in VARIANTS]
    edge = request.getfixturevalue("edge")
    return [edge, *(each.other(kind) for each in made for kind in KINDS)]


def examined(stack: SynthesizedStack) -> Iterator[tuple[str, str, Entry]]:
    for resource in stack.template["Resources"].values():
        found = ledger.examine(resource["Type"], resource.get("Properties", {}))
        yield from ((resource["Type"], name, entry) for name, entry in found.items())


def unexamined(*stacks: SynthesizedStack) -> set[tuple[str, str]]:
    return {
        (kind, name)
        for stack in stacks
        for kind, name, entry in examined(stack)
        if entry.verdict == Verdict.UNKNOWN
    }


def test_every_property_of_every_resource_of_every_variant_is_examined(stacks):
    assert unexamined(*stacks) == set(), "say in localcloud/ledger/ what becomes of it"


def test_every_property_that_is_examined_is_in_a_template(stacks):
    had = {(kind, name) for stack in stacks for kind, name, _ in examined(stack)}

    assert EVERY.keys() - had == set(), "take it out of localcloud/ledger/"


@pytest.mark.parametrize(
    ("construct", "path", "value", "found"),
    [
        ("Files", ("ReplicationConfiguration",), {"Role": "r"}, "ReplicationConfiguration.Role"),
        (
            "Files",
            ("VersioningConfiguration", "MfaDelete"),
            "Enabled",
            "VersioningConfiguration.MfaDelete",
        ),
    ],
)
def test_a_property_that_nobody_examined_is_found_wherever_it_is(
    dev: SynthesizedStack, construct, path, value, found
):
    assert unexamined(dev.changed(construct, path, value)) == {("AWS::S3::Bucket", found)}


def test_a_property_that_is_gone_is_no_other(dev: SynthesizedStack):
    assert unexamined(dev.changed("Files", ("VersioningConfiguration",), GONE)) == set()


@pytest.mark.parametrize("shown", SHOWN)
def test_what_is_enforced_is_shown_by_a_test_that_there_is(shown):
    path, _, name = shown.partition("::")

    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_every_entry_says_why_and_only_an_enforced_one_how_it_is_shown():
    for named, entry in EVERY.items():
        assert entry.why, named
        assert bool(entry.test) == (entry.verdict == Verdict.ENFORCED), named


def test_all_beneath_a_name_with_a_star_is_one_property():
    found = ledger.examine("AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": [{"a": 1}]}})

    assert list(found) == ["PolicyDocument.*"]


def test_a_reference_is_a_value_and_not_another_part():
    found = ledger.examine("AWS::S3::BucketPolicy", {"Bucket": {"Ref": "Bucket"}})

    assert list(found) == ["Bucket"]


def test_what_is_not_created_has_no_property_to_examine():
    found = ledger.examine("AWS::CDK::Metadata", {"Analytics": "x"})

    assert ledger.summarize("AWS::CDK::Metadata", found).verdict == Verdict.SKIPPED


@pytest.mark.parametrize("properties", [{}, {"A": 1}])
def test_a_type_that_nobody_examined_is_unknown_with_and_without_properties(properties):
    found = ledger.examine("AWS::New::Thing", properties)

    assert ledger.summarize("AWS::New::Thing", found).verdict == Verdict.UNKNOWN


def made(verdict: Verdict, *, protects: bool = False) -> Entry:
    return Entry(verdict=verdict, why="because", protects=protects)


@pytest.mark.parametrize(
    ("entries", "verdict", "note"),
    [
        (
            {"A": made(Verdict.ENFORCED, protects=True), "B": made(Verdict.RECORDED)},
            Verdict.ENFORCED,
            "1 enforced, 1 recorded",
        ),
        (
            {
                "A": made(Verdict.ENFORCED),
                "B.*": made(Verdict.TEMPLATE, protects=True),
                "C": made(Verdict.RECORDED, protects=True),
            },
            Verdict.PARTLY,
            "1 enforced, 1 recorded, 1 template only; B, C: because",
        ),
        ({"A": made(Verdict.RECORDED)}, Verdict.RECORDED, "1 recorded; A: because"),
        ({"A": made(Verdict.TEMPLATE)}, Verdict.TEMPLATE, "1 template only; A: because"),
        (
            {"A": made(Verdict.TEMPLATE), "B": made(Verdict.RECORDED, protects=True)},
            Verdict.RECORDED,
            "1 recorded, 1 template only; B: because",
        ),
        (
            {"A": made(Verdict.ENFORCED), "B": made(Verdict.UNKNOWN, protects=True)},
            Verdict.UNKNOWN,
            "1 enforced, 1 unknown; B: because",
        ),
        ({}, Verdict.RECORDED, "no property"),
    ],
)
def test_a_resource_is_enforced_only_if_all_that_protects_is(entries, verdict, note):
    found = ledger.summarize("AWS::A::B", entries)

    assert (found.verdict, found.note) == (verdict, note)


def test_the_page_is_of_every_property_that_the_tests_synthesize(stacks):
    page = fidelity.page((stack.kind, stack.template) for stack in stacks)

    assert (ROOT / "docs/fidelity.md").read_text("utf-8") == page, "run `make generate`"
