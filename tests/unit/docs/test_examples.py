"""Every example names commands, options and targets that there are."""

import re
from itertools import takewhile

import pytest

from tests.examples import COMMANDS, Example, blocks, helps, phrases
from tests.unit.docs.pages import ROOT

TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
EXAMPLES = [*blocks(), *phrases(), *helps()]


def options(command: str) -> set[str]:
    given = COMMANDS[command].params
    names = {name for each in given for name in (*each.opts, *each.secondary_opts)}
    return names | {"--help", "-h"}


def test_the_examples_that_are_known_to_be_there_are_found() -> None:
    texts = {example.text for example in EXAMPLES}

    assert "tap call store GET /api/products" in texts
    assert "tap endpoints --export" in texts
    assert "make up PYTHON=python3.12" in texts
    assert any("idempotency-key" in text for text in texts)
    assert any(example.source == "docs/partner-api.md" for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_calls_what_there_is(example: Example) -> None:
    for program, *words in example.calls:
        if program == "make":
            assert {word for word in words if "=" not in word} <= set(TARGETS)
        elif words and not words[0].startswith("-"):
            known = options(words[0])
            before = takewhile(lambda word: word != "--", words)  # what follows is another's
            own = {word.partition("=")[0] for word in before if word.startswith("-")}
            assert words[0] == "cdk" or own <= known
