"""The app that runs on an embedded cloud is told as data, and found again as it was told."""

from pathlib import Path

import pytest

from cli import project
from localcloud.app import App, Route
from localcloud.cloud import Cloud

ROOT = Path(__file__).parents[3]
NAMES = {
    *(route.stack for route in project.APP.routes),
    *(f'"{route.path}' for route in project.APP.routes if route.path),
    *(path.parent.name for path in ROOT.glob("services/*/package.toml")),
} - {"health"}


def test_a_saved_cloud_has_the_app_that_it_was_told_of(tmp_path):
    told = App(
        name="notebook",
        folder=Path("/app"),
        tools=Path("/tools/node_modules"),
        emulator=Path("/emulator"),
        sdk=Path("/sdk"),
        routes=(Route(path="notes", stack="Notebook", output="ApiId", stage="$default"),),
    )
    Cloud(home=tmp_path, port=1, front_port=2, app=told).save()

    found = Cloud.load(tmp_path)

    assert found
    assert found.app == told


def test_an_apps_tools_are_in_its_own_folder_unless_told_otherwise():
    assert App(folder=Path("/app")).node_modules == Path("/app/node_modules")
    assert App(folder=Path("/app"), tools=Path("/tools")).node_modules == Path("/tools")


@pytest.mark.parametrize("path", sorted((ROOT / "localcloud").rglob("*.py")), ids=str)
def test_the_embedded_cloud_names_nothing_of_this_product(path):
    text = path.read_text("utf-8")

    assert not [name for name in NAMES if name in text]
    assert "hnb659fds" not in text, "an app may have another bootstrap qualifier"
