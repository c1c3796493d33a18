"""The list of mutations: each can be applied to the source as it is, and the page tells of it."""

import re
from collections import Counter

import pytest

from tests.sabotage.changed import SAMPLE
from tests.sabotage.mutations import ROOT, Mutation, read_mutations
from tests.sabotage.page import PAGE, page

MUTATIONS = read_mutations()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_still_applies(mutation: Mutation) -> None:
    assert mutation.mutated(ROOT)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_what_must_catch_it_is_there(mutation: Mutation) -> None:
    for each in mutation.each:
        file, _, test = each.by.partition("::")

        assert each.says or f"def {test.partition('[')[0]}(" in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_only_a_deployed_suite_attacks(mutation: Mutation) -> None:
    assert [each.is_deployed for each in mutation.each[1:]] == [True] * bool(mutation.attack)
    assert not (mutation.attack and mutation.is_deployed)


def test_every_file_of_attacks_and_every_drill_was_seen_to_bite() -> None:
    wanted = {f"tests/security/{path.name}" for path in ROOT.glob("tests/security/test_*.py")}
    for path in ROOT.glob("tests/drills/test_*.py"):
        for test in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE):
            wanted.add(f"tests/drills/{path.name}::{test}")
    nodes = {each.by for mutation in MUTATIONS for each in mutation.each}

    assert wanted - nodes - {node.partition("::")[0] for node in nodes} == set()


def test_each_mutation_has_a_name_and_a_claim_of_its_own() -> None:
    for field in ("name", "opens"):
        times = Counter(getattr(each, field) for each in MUTATIONS)
        assert [value for value, count in times.items() if count > 1] == []


def test_there_are_sixty_at_least_in_every_room() -> None:
    assert len(MUTATIONS) >= 60
    assert {each.file.partition("/")[0] for each in MUTATIONS} == {
        *("lib", "localcloud", "services", "web", ".build", ".github", "tests", "cli", "tools"),
    }


def test_the_sample_is_of_the_list() -> None:
    assert set(SAMPLE) <= {each.name for each in MUTATIONS}


def test_the_page_is_true_of_the_list() -> None:
    assert PAGE.read_text("utf-8") == page(MUTATIONS), "run `make sabotage`"
