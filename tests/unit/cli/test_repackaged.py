"""The assembly of an edit of functions' code, made of a kept one without a synthesis."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cli import project, repackaged
from tests.unit.lib.test_app import check_out, files, start_synthesis

HANDLER = "services/items_api/handler.py"
SHARED = "services/shared/http/responses.py"


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout, and the assembly of its sources in `cdk.out`."""
    checkout = check_out(tmp_path_factory.mktemp("checkout") / "tap")
    assert start_synthesis(checkout).wait() == 0
    return checkout


@pytest.fixture
def checkout(synthesized, tmp_path, monkeypatch):
    """A checkout whose sources' assembly is kept."""
    copied = tmp_path / "tap"
    shutil.copytree(synthesized, copied, symlinks=True)
    monkeypatch.setattr(project, "ROOT", copied)
    kept = kept_assembly()
    kept.parent.mkdir(parents=True)
    (copied / "cdk.out").rename(kept)
    return copied


def kept_assembly():
    return repackaged.kept_assembly(project.fingerprint())


def edit(checkout, *names, line="\n_EDITED = True\n"):
    for name in names:
        path = checkout / name
        path.write_text(path.read_text("utf-8") + line, "utf-8")


def without_labels(assembly):
    """An assembly's files without the names of assets' destinations, which nothing else names."""
    label = re.compile(rb'"current_account-current_region-[0-9a-f]{8}"')
    return {name: label.sub(b'"label"', content) for name, content in assembly.items()}


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize("edited", [(HANDLER,), (SHARED, HANDLER)])
def test_it_is_what_synthesis_makes(checkout, edited):
    edit(checkout, *edited)

    made = files(kept_assembly())

    assert start_synthesis(checkout).wait() == 0
    assert without_labels(made) == without_labels(files(checkout / "cdk.out"))


@pytest.mark.usefixtures("checkout")
def test_sources_that_were_synthesized_keep_their_assembly():
    before = files(kept_assembly())

    assert before
    assert files(kept_assembly()) == before


@pytest.mark.parametrize(
    "name", ["tap.py", "lib/scale.toml", "services/store_migrations/sql/9999_more.sql"]
)
def test_an_edit_of_anything_else_is_for_synthesis(checkout, name):
    (checkout / name).touch()
    edit(checkout, name)

    assert not kept_assembly().exists()


def test_a_version_of_a_function_is_for_synthesis(checkout):
    template = next(kept_assembly().glob("*.template.json"))
    described = json.loads(template.read_text("utf-8"))
    described["Resources"]["Version"] = {"Type": "AWS::Lambda::Version", "Properties": {}}
    template.write_text(json.dumps(described), "utf-8")
    edit(checkout, HANDLER)

    assert not kept_assembly().exists()


def test_code_that_cannot_be_packaged_is_for_synthesis_which_tells_why(checkout):
    edit(checkout, HANDLER, line="\nimport services.health.handler\n")

    assert not kept_assembly().exists()
