"""The pages of docs/reference/ that are made of code have all of it."""

import ast
import re

import pytest

from cli.main import COMMANDS, load
from tests.unit.docs.pages import ROOT
from tools.reference import commands, constructs

COMMANDS_PAGE = commands.page()
BLOCKS = [
    node.name
    for file in (ROOT / "lib/constructs").glob("*.py")
    for node in ast.parse(file.read_text("utf-8")).body
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
]


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_described_with_each_of_its_options(name: str) -> None:
    told = section(COMMANDS_PAGE, f"tap {name}")

    command = load(name)
    assert told.strip().startswith(command.help.partition("\n")[0])
    assert f"| [`tap {name}`](#tap-{name}) | " in COMMANDS_PAGE
    for each in command.params:
        shown = each.opts[0] if each.param_type_name == "option" else each.name
        assert re.search(rf"^\| `[^`]*{shown}(\.\.\.)?[ ,`]", told, re.MULTILINE)


def test_examples_of_a_command_are_blocks_and_the_rest_is_text() -> None:
    told = section(COMMANDS_PAGE, "tap key")

    assert "```console\ntap key create acme\ntap key list\n" in told
    assert "\nOr `create`, `list`" in told


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_described(name: str) -> None:
    told = section(constructs.page(), name)

    assert f"```python\n{name}(" in told
    assert len(told.partition("```\n\n")[2].splitlines()[0]) > 20


def test_what_is_fixed_in_a_block_and_what_can_be_changed_is_told_apart() -> None:
    told = section(constructs.page(), "SecureBucket")

    assert "\n- *Fixed*: SSE-KMS with the stack's key" in told
    assert "\n- *Defaults*: CloudFormation names it" in told
    assert "    object_lock: s3.ObjectLockRetention | None = None,\n" in told
    assert "**allow_objects.** Return the permission" in told
    assert "-> iam.PolicyStatement\n```" in told
