"""Every claim holds in each stack of each environment, and names what breaks it."""

import json

import pytest

from tests.unit.lib.every_stack import access, alarms, data, running
from tests.unit.lib.every_stack.claim import CLAIMS
from tests.unit.lib.every_stack.planted import BREAKS, planted
from tests.unit.synthesized import KINDS, SynthesizedStack

SUBJECTS = (access, alarms, data, running)  # importing them makes their claims


@pytest.mark.parametrize("claim", CLAIMS)
def test_in_every_stack(claim: str, stack: SynthesizedStack) -> None:
    assert sorted(set(CLAIMS[claim](stack))) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_in_the_stack_that_delivers_them(claim: str, delivery: SynthesizedStack) -> None:
    assert sorted(set(CLAIMS[claim](delivery))) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_in_the_stack_in_us_east_1(claim: str, edge: SynthesizedStack) -> None:
    assert sorted(set(CLAIMS[claim](edge))) == []


@pytest.fixture(name="fourth", scope="module")
def fourth_stack(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    return planted(tmp_path_factory.mktemp("planted"))


@pytest.mark.parametrize("claim", BREAKS)
def test_in_a_fourth_stack_each_claim_names_what_breaks_it(
    claim: str, fourth: SynthesizedStack
) -> None:
    assert {fourth.paths[name] for name in CLAIMS[claim](fourth)} == set(BREAKS[claim])


def test_every_claim_has_a_break() -> None:
    assert set(BREAKS) == set(CLAIMS)


def test_every_stack_of_the_app_is_looked_at(dev: SynthesizedStack) -> None:
    manifest = json.loads((dev.assembly / "manifest.json").read_text("utf-8"))
    stacks = {
        name
        for name, each in manifest["artifacts"].items()
        if each["type"] == "aws:cloudformation:stack"
    }

    assert stacks == {f"{kind}dev" for kind in KINDS}
