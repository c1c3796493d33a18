"""The checkout: what decides what is deployed, and which stacks that makes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import project
from cli.errors import CliError
from localcloud import cdk
from tests.unit.synthesized import context

# What synthesis reads of the checkout but derives from sources, or what is installed there.
DERIVED = (".venv", ".build", "node_modules", "cdk.out", ".git")
RECORDER = """if 1:
    import os, sys
    opened = set()
    sys.addaudithook(lambda event, args: event == "open" and opened.add(str(args[0])))
    sys.argv = ["tap.py"]
    sys.path.insert(0, os.getcwd())
    import runpy
    runpy.run_path("tap.py", run_name="__main__")
    print("\\n".join(sorted(opened)))
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that holds one file of each source, and a home of its user."""
    for source in project.SOURCES:
        path = tmp_path / "checkout" / source
        if path.suffix in (".py", ".json"):
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            path.mkdir(parents=True)
            path = path / "file"
        path.write_text("before")
    monkeypatch.setattr(project, "ROOT", tmp_path / "checkout")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_whatever_synthesis_reads_of_the_checkout_decides_what_is_deployed(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-B", "-c", RECORDER],
        cwd=project.ROOT,
        env=cdk.environment(
            dict(os.environ)
            | {
                "CDK_OUTDIR": str(tmp_path),
                "CDK_VALIDATION": "false",
                "CDK_CONTEXT_JSON": json.dumps(context()),
            }
        ),
        capture_output=True,
        text=True,
        check=True,
    )

    opened = {Path(line) for line in ended.stdout.splitlines() if line}
    read = {
        path.relative_to(project.ROOT)
        for path in (project.ROOT / path for path in opened)
        if path.is_relative_to(project.ROOT) and path.is_file() and path.suffix != ".pyc"
    }
    sources = [Path(source) for source in project.SOURCES]
    unnoticed = {
        str(path)
        for path in read
        if path.parts[0] not in DERIVED
        and not any(path == source or source in path.parents for source in sources)
    }
    assert Path("lib/partner/request_schemas.json") in read
    assert unnoticed == set()


def test_a_checkout_that_was_moved_is_nothing_to_deploy(checkout, monkeypatch):
    before = project.fingerprint()
    (checkout / "checkout").rename(checkout / "moved")
    monkeypatch.setattr(project, "ROOT", checkout / "moved")

    assert project.fingerprint() == before


@pytest.mark.parametrize(
    "name",
    [
        "checkout/web/store/file",
        "checkout/lib/file",
        "checkout/services/file",
        "checkout/tap.py",
        "checkout/cdk.json",
        ".cdk.json",
    ],
)
def test_an_edit_of_a_source_is_something_to_deploy(name, checkout):
    before = project.fingerprint()

    (checkout / name).write_text("after")

    assert project.fingerprint() != before


def test_a_command_knows_the_stacks_by_the_apps_own_word(shell):
    names = project.stack_names(
        shell | {"ENVIRONMENT_SUFFIX": "prod"}, ["environmentSuffix=staging"]
    )

    assert names == ["TapStackstaging", "PartnerApiStackstaging", "EcommerceStackstaging"]


def test_a_suffix_that_the_app_refuses_is_the_apps_own_line(shell):
    with pytest.raises(CliError, match="environment suffix 'No' is not allowed"):
        project.stack_names(shell, ["environmentSuffix=No"])


@pytest.fixture
def shell():
    """The environment, without a choice of what is deployed."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("ENVIRONMENT_SUFFIX", "CDK_CONTEXT")
    }
