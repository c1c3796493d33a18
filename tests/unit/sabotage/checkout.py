"""A small checkout with one rule, one test of it, and a mutation of the rule."""

from dataclasses import replace
from pathlib import Path

from tests.sabotage.mutations import ROOT, Mutation

RULE = "def is_allowed(who):\n    return who == 'owner'\n"
TEST = """from services.rule import is_allowed

def test_a_stranger_is_refused():
    assert not is_allowed('stranger')
"""
OPENED = Mutation(
    name="everyone",
    file="services/rule.py",
    old="who == 'owner'",
    new="bool(who)",
    opens="a stranger is let in",
    by="tests/test_rule.py::test_a_stranger_is_refused",
)


def write(root: Path, *, rule: str = RULE, test: str = TEST) -> Path:
    """Write the checkout, with this Python as its own."""
    for name, text in {"services/rule.py": rule, "tests/test_rule.py": test}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    (root / ".venv").symlink_to(ROOT / ".venv")
    return root


def changed(**fields: str) -> Mutation:
    """The mutation with other fields."""
    return replace(OPENED, **fields)
