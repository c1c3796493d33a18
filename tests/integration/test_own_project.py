"""A project of one's own, made of this repository by copier, as its page says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import another_cloud

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]


def run(folder: Path, *command: str, **environ: str) -> str:
    own = {**os.environ, **environ}
    ran = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return run(folder, "git", *who, *arguments)


def commit(folder: Path, *, tag: str = "") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change")
    if tag:
        git(folder, "tag", tag)


def copier(folder: Path, command: str, *arguments: str) -> str:
    return run(folder, sys.executable, "-m", "copier", command, "--defaults", "--quiet", *arguments)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a repository of its own, with a first version."""
    folder = tmp_path_factory.mktemp("template")
    listed = run(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, tag="1.0.0")
    return folder


def answered(template: Path, folder: Path, *options: str, **answers: object) -> Path:
    """Copy the template with these answers."""
    given = {"name": "mine", **answers}
    texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in given.items()}
    data = [f"--data={name}={text}" for name, text in texts.items()]
    copier(template, "copy", "--vcs-ref=1.0.0", *options, *data, str(template), str(folder))
    return folder


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two systems, in a repository of its own."""
    folder = tmp_path_factory.mktemp("projects") / "mine"
    chosen = {"systems": ["items", "partner"], "region": "eu-central-1"}
    answered(template, folder, **chosen)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


@pytest.mark.parametrize("wrong", [{"region": "mars"}, {"systems": []}, {"name": "Mine!"}])
def test_an_answer_that_could_not_be_deployed_is_refused(
    template: Path, tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(AssertionError, match="Validation error for question"):
        answered(template, tmp_path / "mine", **wrong)


def test_a_project_is_this_repository_with_what_was_answered(template: Path, project: Path) -> None:
    said = subprocess.run(
        ["diff", "-rq", "--exclude=.git", str(template), str(project)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout

    assert {line.split(" ")[0] for line in said.splitlines()} == {"Only"}, said
    assert "AWS_REGION ?= eu-central-1" in (project / "project.mk").read_text("utf-8")
    assert "REPOSITORY ?= mine" in (project / "project.mk").read_text("utf-8")
    assert not (project / "copier.yml").exists()
    assert not [*project.glob("*.jinja")]


def test_the_cdk_cli_lists_what_a_project_chose(project: Path) -> None:
    for installed in (".venv", "node_modules", ".build"):
        (project / installed).symlink_to(ROOT / installed)

    command = [str(ROOT / ".venv/bin/node"), "node_modules/aws-cdk/bin/cdk", "list"]
    said = run(project, *command, "--output", "out", SYSTEMS="", CDK_VALIDATION="false")
    for made in (".venv", "node_modules", ".build"):
        (project / made).unlink()
    shutil.rmtree(project / "out")

    assert said.split() == ["TapStackdev", "PartnerApiStackdev"]


@pytest.mark.long
def test_an_update_brings_a_later_fix_and_keeps_what_is_the_projects_own(
    template: Path, project: Path
) -> None:
    with (project / "services/items_api/handler.py").open("a") as own:
        own.write("# the project's own line\n")
    (project / "lib/own.py").write_text('"""Of the project."""\n')
    commit(project)
    stack = template / "lib/tap_stack.py"
    stack.write_text(f"# a later fix\n{stack.read_text('utf-8')}", "utf-8")
    (template / "lib/later.py").write_text("")
    commit(template, tag="1.1.0")

    copier(project, "update", "--vcs-ref=1.1.0")

    assert (project / "lib/tap_stack.py").read_text("utf-8").startswith("# a later fix\n")
    assert (project / "lib/later.py").exists()
    assert (project / "lib/own.py").exists()
    assert (project / "services/items_api/handler.py").read_text("utf-8").endswith("own line\n")
    assert json.loads((project / "cdk.context.json").read_text()) == {
        "systems": ["items", "partner"]
    }
    assert "_commit: 1.1.0" in (project / ".copier-answers.yml").read_text("utf-8")
    assert not git(project, "diff", "--check")


@pytest.mark.long
def test_a_project_of_two_systems_is_installed_deployed_and_answers(project: Path) -> None:
    with another_cloud() as home:
        ports = dict.fromkeys(("TAP_PORT", "TAP_FRONT_PORT", "TAP_DATABASE_PORT"), "0")
        own = {"TAP_HOME": str(home), "SYSTEMS": "", "ENVIRONMENT_SUFFIX": "dev", **ports}
        try:
            run(project, "make", "up", **own)
            shown = run(project, ".venv/bin/tap", "endpoints", "--json", **own)
            health = run(project, ".venv/bin/tap", "call", "partner", "GET", "/health", **own)
        finally:
            run(project, "make", "down", **own)

    assert set(json.loads(shown)["stacks"]) == {"TapStackdev", "PartnerApiStackdev"}
    assert '"status":"up"' in health.replace(" ", "")
