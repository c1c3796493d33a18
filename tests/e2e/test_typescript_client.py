"""The generated TypeScript clients speak to what is deployed, as their page shows."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.api import Api
from tests.deployment import Deployment

ROOT = Path(__file__).parents[2]
[EXAMPLE] = re.findall(r"```ts\n(.*?)```", (ROOT / "docs/clients.md").read_text("utf-8"), re.DOTALL)


def node(folder: Path, *arguments: str, **own: str) -> subprocess.CompletedProcess[str]:
    """Run our Node.js in a folder, with these variables besides."""
    command = [str(ROOT / ".venv/bin/node"), *arguments]
    environ = {**os.environ, **own}
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has the clients installed, as npm links a folder."""
    clients = ROOT / "clients/typescript"
    assert (clients / "dist").exists(), "`make clients` generates them"
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/tap-clients").symlink_to(clients)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def compiled(project: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What the compiler says of a program."""
    (project / "example.ts").write_text(text, "utf-8")
    options = ["--strict", "--target", "es2023", "--module", "nodenext"]
    return node(project, str(ROOT / "node_modules/.bin/tsc"), *options, "example.ts")


def test_the_example_of_the_page_is_typed_and_makes_and_deletes_an_item(
    project: Path, deployment: Deployment, api: Api
) -> None:
    said = compiled(project, EXAMPLE)
    assert said.returncode == 0, said.stdout

    own = {"TAP_URL": deployment.api_url, "TAP_TOKEN": api.token()}
    ran = node(project, "example.js", NODE_EXTRA_CA_CERTS=deployment.ca_bundle or "", **own)

    assert ran.stdout.splitlines() == ["Mug 1", "item_not_found"], ran.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('operation: "create"', 'operation: "read"'), ("item.version", "item.version.length")],
)
def test_a_program_that_misuses_the_api_is_not_compiled(
    project: Path, right: str, wrong: str
) -> None:
    assert right in EXAMPLE

    assert compiled(project, EXAMPLE.replace(right, wrong)).returncode != 0
