"""Every example of the pages and of `--help` does what it promises, as it is written there."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.deployment import Deployment
from tests.examples import Example, blocks, helps, here, of, phrases
from tests.unit.docs.pages import ITEMS_API, ROOT

pytestmark = pytest.mark.embedded
_ON_AWS = "docs/operations.md"  # the whole page is about environments that are kept there
_TUTORIAL = "docs/tutorial.md"  # its lines need each other: test_tutorial.py
_ENDLESS = re.compile(r" watch$| --follow$")
_CTRL_C = 130
_UNDERWAY = ("tap up", "tap down")  # they would take the deployment away that others use
_KEY_THAT_NOBODY_UPLOADED = "file_not_found"


EXAMPLES = [
    example
    for example in (*blocks(), *helps(), *(p for p in phrases() if p.text.startswith(".venv")))
    if here(example.text)
    and example.source not in (_ON_AWS, _TUTORIAL)
    and example.text not in (*_UNDERWAY, ".venv/bin/tap")
]
REQUESTS = [
    json.loads(block)
    for block in re.findall(r"```json\n(.*?)```", ITEMS_API, re.DOTALL)
    if block.startswith('{"operation"')
]


@pytest.fixture(scope="module", autouse=True)
def without_leftovers(deployment: Deployment) -> Iterator[None]:
    """What the examples create goes again."""
    yield
    deployment.tap("call", "partner", "DELETE", "/items/mug-42", check=False)
    deployment.tap(
        "call", "tap", "POST", "/api", "-d", '{"operation": "delete", "id": "mug-42"}', check=False
    )


def _run(deployment: Deployment, text: str) -> subprocess.CompletedProcess[str]:
    """Paste lines into a shell in the checkout, with this deployment's ports in their place."""
    text, variables = of(deployment, text)
    if _ENDLESS.search(text):
        # Without --foreground the command is signalled twice: by itself and with its group.
        text = f"timeout --foreground --preserve-status -s INT 8 {text}"
    return subprocess.run(
        ["bash", "-euc", text.replace("curl ", "curl --fail-with-body -sS ")],
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_works_as_it_is_written(deployment: Deployment, example: Example) -> None:
    said = _run(deployment, here(example.text))

    ends = (0, _CTRL_C) if _ENDLESS.search(example.text) else (0,)
    assert said.returncode in ends, said.stderr + said.stdout
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request_: request_["operation"])
def test_a_request_of_the_items_page_is_answered(
    deployment: Deployment, request_: dict[str, object]
) -> None:
    said = deployment.tap("call", "tap", "POST", "/api", "-d", json.dumps(request_), check=False)

    answer = json.loads(said.stdout)
    shown_key = request_["operation"] in ("presign_download", "delete_file")
    assert answer["success"] or (shown_key and answer["error"]["code"] == _KEY_THAT_NOBODY_UPLOADED)
