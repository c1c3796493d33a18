"""`.npmrc`: what a package would run when it is installed is not run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path):
    """A project whose one dependency writes a file when it is installed."""
    package = tmp_path / "package"
    package.mkdir()
    ran = tmp_path / "ran"
    scripts = {"postinstall": f"{sys.executable} -c \"open('{ran}', 'w')\""}
    named = {"name": "eager", "version": "1.0.0", "scripts": scripts}
    (package / "package.json").write_text(json.dumps(named))
    shutil.make_archive(str(tmp_path / "eager"), "gztar", tmp_path, "package")
    project = tmp_path / "project"
    project.mkdir()
    wanted = {"dependencies": {"eager": "file:../eager.tar.gz"}}
    (project / "package.json").write_text(json.dumps(wanted))
    return project, ran


def install(project):
    npm = str(Path(sys.executable).with_name("npm"))
    environment = {name: os.environ[name] for name in os.environ if "ignore_scripts" not in name}
    command = [npm, "install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]
    cache = str(project.parent / "cache")
    subprocess.run([*command, "--cache", cache], cwd=project, env=environment, check=True)


def test_an_installed_package_runs_nothing(project):
    folder, ran = project
    shutil.copy(ROOT / ".npmrc", folder)

    install(folder)

    assert (folder / "node_modules" / "eager" / "package.json").exists()
    assert not ran.exists()


def test_without_our_settings_it_would(project):
    folder, ran = project

    install(folder)

    assert ran.exists()
