"""Every example of the pages and of `--help` does what it promises, as it is written there.

Not run, because nobody may here: what is about AWS, a clone, and `make`, whose targets are this
suite's own surroundings (`tests/unit/docs/test_examples.py` knows whether there is such a target).
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.deployment import Deployment, environment
from tests.examples import Example, blocks, helps, phrases
from tests.unit.docs.pages import ITEMS_API, ROOT

pytestmark = pytest.mark.embedded
_ELSEWHERE = re.compile(
    r"--aws\b|^([A-Z]+=\S+ )*make |^git |^export AWS_|<request>|^export ENVIRONMENT_SUFFIX"
)
_ON_AWS = "docs/operations.md"  # the whole page is about environments that are kept there
_ENDLESS = re.compile(r" watch$| --follow$")
_CTRL_C = 130
_UNDERWAY = ("tap up", "tap down")  # they would take the deployment away that others use
_KEY_THAT_NOBODY_UPLOADED = "file_not_found"


def _lines(example: Example) -> str:
    joined = example.text.replace("\\\n", " ")
    return "\n".join(line for line in joined.splitlines() if not _ELSEWHERE.search(line))


EXAMPLES = [
    example
    for example in (*blocks(), *helps(), *(p for p in phrases() if p.text.startswith(".venv")))
    if _lines(example)
    and example.source != _ON_AWS
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
    assert deployment.endpoint
    assert deployment.home
    text = text.replace("http://localhost:8080", deployment.store_url)
    text = text.replace("https://127.0.0.1:4566", deployment.endpoint)
    if _ENDLESS.search(text):
        # Without --foreground the command is signalled twice: by itself and with its group.
        text = f"timeout --foreground --preserve-status -s INT 8 {text}"
    return subprocess.run(
        ["bash", "-euc", text.replace("curl ", "curl --fail-with-body -sS ")],
        cwd=ROOT,
        env=environment()
        | {
            "TAP_HOME": str(deployment.home),
            "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_works_as_it_is_written(deployment: Deployment, example: Example) -> None:
    said = _run(deployment, _lines(example))

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
