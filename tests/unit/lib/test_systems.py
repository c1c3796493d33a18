"""A project deploys the systems that it chose."""

import itertools

import pytest
from aws_cdk import Stack

from lib.context import SettingError
from tap import build_app
from tests.unit.synthesized import context

SYSTEMS = {"items": "TapStack", "partner": "PartnerApiStack", "store": "EcommerceStack"}
CHOICES = [chosen for size in (1, 2, 3) for chosen in itertools.combinations(SYSTEMS, size)]


def stacks(**settings: object) -> set[str]:
    """The names of the stacks of an app."""
    app = build_app(context=context(environmentSuffix="dev", **settings))
    return {each.stack_name for each in app.node.children if isinstance(each, Stack)}


@pytest.mark.parametrize("chosen", CHOICES, ids=",".join)
def test_the_app_has_the_chosen_systems_and_no_other(chosen: tuple[str, ...]) -> None:
    assert stacks(systems=list(chosen)) == {f"{SYSTEMS[each]}dev" for each in chosen}


def test_the_shell_chooses_before_the_projects_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMS", "items,store")

    assert stacks(systems=["partner"]) == {"TapStackdev", "EcommerceStackdev"}


def test_a_system_that_is_unknown_is_refused_in_one_line() -> None:
    with pytest.raises(SettingError, match="systems: 'shop' is not allowed: use items, partner"):
        stacks(systems="shop")
