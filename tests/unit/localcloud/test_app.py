"""The app that runs on an embedded cloud is told as data, and found again as it was told."""

from pathlib import Path

from localcloud.app import App, Route
from localcloud.cloud import Cloud


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
