"""The threat model has every stack, every kind of attack and every test that is an attack."""

from collections import Counter

import pytest

from tests.sabotage.mutations import read_mutations
from tests.unit.docs.pages import ROOT
from tests.unit.synthesized import KINDS
from tools import security
from tools.security import STRIDE, Threat

THREATS = security.threats()


@pytest.fixture(scope="module")
def tests_there_are() -> Counter[str]:
    """The tests that pytest collects, of the attacks and of every file that a threat names."""
    files = {test.partition("::")[0] for threat in THREATS for test in threat.tests}
    return security.collected(sorted({*files, "tests/security"}))


def names(threat: Threat, tests: Counter[str]) -> list[str]:
    """The tests of a threat that do not exist."""
    files = {test.partition("::")[0] for test in tests}
    return [test for test in threat.tests if test not in tests and test not in files]


def test_every_test_that_a_threat_names_exists(tests_there_are: Counter[str]) -> None:
    assert [name for each in THREATS for name in names(each, tests_there_are)] == []


def test_every_attack_belongs_to_a_threat(tests_there_are: Counter[str]) -> None:
    attacks = Counter({t: 1 for t in tests_there_are if t.startswith("tests/security/")})

    named = {test for test in attacks for each in THREATS if each.cases(Counter({test: 1}))}

    assert attacks.keys() - named == set()


@pytest.mark.parametrize("letter", STRIDE)
def test_every_stack_answers_every_kind_of_attack(letter: str) -> None:
    answered = {each.stack for each in THREATS if each.stride == letter}

    assert answered == {*KINDS, "DeliveryStack", "Embedded cloud"}


@pytest.mark.parametrize(
    "threat", THREATS, ids=lambda each: f"{each.stack}-{each.stride}-{each.asset}"
)
def test_a_threat_is_tested_or_accepted_with_a_reason(threat: Threat) -> None:
    assert bool(threat.tests and threat.refusal) != bool(threat.accepted)
    assert threat.stride in STRIDE
    assert (ROOT / threat.where).exists()


@pytest.mark.parametrize(
    "threat", THREATS, ids=lambda each: f"{each.stack}-{each.stride}-{each.asset}"
)
def test_every_control_was_opened_on_purpose_by_a_mutation(threat: Threat) -> None:
    assert bool(threat.mutations) == bool(threat.tests)
    assert set(threat.mutations) - {each.name for each in read_mutations()} == set()
