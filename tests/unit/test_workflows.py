"""What the workflows of GitHub Actions may do: who gets credentials, and what they run."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from lib.delivery.settings import PREVIEW

ROOT = Path(__file__).parent.parent.parent
TARGETS = set(re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8")))
# The one thing that is no target: a package of the container's own system.
SYSTEM = "apt-get update && apt-get install --yes valgrind"
ASSUMES = "aws-actions/configure-aws-credentials@"
SAME = "github.event.pull_request.head.repo.full_name == github.repository"
ON_MAIN = "github.ref == 'refs/heads/main'"
Workflow = Any


def read(name: str) -> Workflow:
    return yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text("utf-8"))


NAMES = sorted(path.stem for path in (ROOT / ".github/workflows").glob("*.yml"))


def faults(workflow: Workflow) -> Iterator[str]:
    """Yield what no workflow of ours may have."""
    events = workflow[True]  # YAML 1.1 reads `on` so
    if set(workflow.get("permissions", {"all": "write"}).items()) - {("contents", "read")}:
        yield "every job has what one needs"
    if {"pull_request_target", "workflow_run", "issue_comment"} & set(events):
        yield "strangers start it with this repository's rights"
    for name, job in workflow["jobs"].items():
        if "uses" not in job and "timeout-minutes" not in job:
            yield f"{name} may hang for hours"
        yield from _of_steps(name, job)
        yield from _of_rights(name, job, workflow)


def _of_steps(name: str, job: Workflow) -> Iterator[str]:
    for step in job.get("steps", ()):
        uses, run = step.get("uses", ""), step.get("run", "")
        if uses and not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses):
            yield f"{name}: {uses} may become another"
        if uses.startswith("actions/checkout@") and step["with"]["persist-credentials"]:
            yield f"{name} leaves a token in the checkout"
        if run and run != SYSTEM and _target(run) - _matrix(job):
            yield f"{name}: {run!r} is no make target"


def _target(run: str) -> set[str]:
    """What of a line is no target of the Makefile, or more than a target and its variables."""
    words = run.split()
    named, variables = words[1:2], words[2:]
    known = [word for word in named if word not in TARGETS]
    return set(known) | {each for each in variables if not re.fullmatch(r"[A-Z]+=[\w./]+", each)}


def _matrix(job: Workflow) -> set[str]:
    """The words of a matrix, when all of them are targets."""
    matrix = job.get("strategy", {}).get("matrix", {})
    return {"${{", "matrix.target", "}}"} if set(matrix.get("target", "?")) <= TARGETS else set()


def _of_rights(name: str, job: Workflow, workflow: Workflow) -> Iterator[str]:
    rights = job.get("permissions", workflow.get("permissions", {}))
    steps, condition = job.get("steps", ()), str(job.get("if", ""))
    assumes = any(step.get("uses", "").startswith(ASSUMES) for step in steps)
    of_a_pull_request = "pull_request" in workflow[True]
    if assumes != ("id-token" in rights):
        yield f"{name} has a token for AWS exactly when it takes no role"
    if (assumes or "write" in rights.values()) and of_a_pull_request and SAME not in condition:
        yield f"{name} has credentials for a fork's pull request"
    if assumes:
        yield from _of_deployments(name, job, workflow)
    if {"contents": "write"}.items() & rights.items() and set(workflow[True]) != {"push"}:
        yield f"{name} writes to the repository for more than a push"
    if "pull-requests" in rights:
        checkouts = [s for s in steps if s.get("uses", "").startswith("actions/checkout@")]
        base = "${{ github.event.pull_request.base.sha }}"
        if any(each["with"].get("ref") != base for each in checkouts):
            yield f"{name} runs the pull request's code with a token that writes"


def _of_deployments(name: str, job: Workflow, workflow: Workflow) -> Iterator[str]:
    environment = job.get("environment")
    if "pull_request" in workflow[True] and environment != PREVIEW:
        yield f"{name} deploys a pull request to {environment}"
    watches = [step["run"] for step in job["steps"] if "run" in step] == ["make drift"]
    if not environment and not (watches and ON_MAIN in str(job["if"])):
        yield f"{name} takes a role outside of an environment"
    group = job.get("concurrency") or workflow.get("concurrency", {})
    if not watches and (not group or group["cancel-in-progress"]):
        yield f"{name} may be broken off half-way, or meet another"
    suffix = job.get("env", {}).get("ENVIRONMENT_SUFFIX")
    if environment and suffix not in (environment, "pr${{ github.event.number }}"):
        yield f"{name} deploys {suffix} as {environment}"


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_runs_targets_of_the_makefile_with_no_more_rights_than_it_needs(
    name: str,
) -> None:
    assert not list(faults(read(name)))


def _of(name: str, job: str, **changes: Any) -> Workflow:
    """A workflow with other values in one of its jobs; None takes one away."""
    workflow = copy.deepcopy(read(name))
    changed = workflow["jobs"][job] | changes
    workflow["jobs"][job] = {key: value for key, value in changed.items() if value is not None}
    return workflow


def _with_step(name: str, job: str, **step: Any) -> Workflow:
    workflow = copy.deepcopy(read(name))
    workflow["jobs"][job]["steps"].append(step)
    return workflow


TOKEN = {"contents": "read", "id-token": "write"}
BREAKS: dict[str, tuple[Workflow, str]] = {
    "a role for a fork": (_of("preview", "deploy", **{"if": "always()"}), "a fork's pull request"),
    "a token for a fork's job": (_of("pull-request", "templates", permissions=TOKEN), "for AWS"),
    "a comment for a fork": (_of("pull-request", "comment", **{"if": None}), "a fork's"),
    "an action by its tag": (_with_step("main", "staging", uses="a/b@v4"), "become another"),
    "a line of shell": (_with_step("main", "staging", run="make deploy; curl x"), "make target"),
    "no such target": (_with_step("main", "staging", run="make deplay"), "make target"),
    "an expression in a line": (
        _with_step("main", "staging", run="make deploy A=${{ github.head_ref }}"),
        "make target",
    ),
    "a pull request to production": (_of("preview", "deploy", environment="prod"), "to prod"),
    "a role in no environment": (_of("main", "prod", environment=None), "outside"),
    "staging as production": (_of("main", "prod", environment="staging"), "deploys prod as"),
    "two at once": (_of("main", "prod", concurrency=None), "half-way"),
    "broken off": (
        _of("main", "prod", concurrency={"group": "g", "cancel-in-progress": True}),
        "half-way",
    ),
    "rights for every job": (read("main") | {"permissions": {"contents": "write"}}, "every job"),
    "rights by default": (
        {key: value for key, value in read("main").items() if key != "permissions"},
        "every job",
    ),
    "started by strangers": (read("preview") | {True: ["pull_request_target"]}, "strangers"),
    "endless": (_of("main", "prod", **{"timeout-minutes": None}), "hang"),
    "a token left behind": (
        _with_step(
            "main",
            "prod",
            uses="actions/checkout@" + "0" * 40,
            **{"with": {"persist-credentials": True}},
        ),
        "leaves a token",
    ),
    "the pull request's own code": (
        _with_step(
            "pull-request",
            "comment",
            uses="actions/checkout@" + "0" * 40,
            **{"with": {"persist-credentials": False}},
        ),
        "runs the pull request's code",
    ),
    "a release of a pull request": (
        _of("pull-request", "comment", permissions={"contents": "write"}),
        "more than a push",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_workflow_that_does_more_is_named(name: str) -> None:
    workflow, said = BREAKS[name]

    assert any(said in fault for fault in faults(workflow)), list(faults(workflow))


def test_production_comes_after_staging_from_what_was_synthesized_for_both() -> None:
    jobs = read("main")["jobs"]

    assert [jobs[name]["needs"] for name in ("assemble", "staging", "prod")] == [
        "checks",
        "assemble",
        "staging",
    ]
    for name in ("staging", "prod"):
        lines = [step["run"] for step in jobs[name]["steps"] if "run" in step]
        assert lines[0] == f"make deploy YES=1 APP=.build/assembly/{name}"
        assert "make smoke TARGET=aws" in lines
    assert "make suites TARGET=aws" in str(jobs["staging"])
    assert "make suites" not in str(jobs["prod"])


def test_what_is_synthesized_is_synthesized_without_credentials() -> None:
    assemble = read("main")["jobs"]["assemble"]

    assert assemble["permissions"] == {"contents": "read"}
    assert ASSUMES not in str(assemble)


def test_an_action_is_one_version_everywhere_and_says_which() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    named = re.findall(r"uses: ([\w/-]+)@(\w+) # (v[\d.]+)", text)

    assert len(named) == len(re.findall(r"uses: [\w-]+/", text))
    assert len({action for action, *_ in named}) == len(set(named))
