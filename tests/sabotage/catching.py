"""The command that must catch a mutation, run in a copy of the checkout."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import prepared
from tests.sabotage.mutations import Mutation

_TIMEOUT_SECONDS = 600
_PROGRAMS = (".venv/bin", "node_modules/.bin")
_KEPT = ("HOME", "LANG", "PATH", "TMPDIR")  # no other variable may decide how a command ends
# Errors of a test that could not even look: they say nothing about the claim.
_BROKEN = re.compile(r"(ImportError|ModuleNotFoundError|NameError|SyntaxError)\b")


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its failed tests (or its text), and what kept it from judging."""

    failed: tuple[str, ...] = ()
    broken: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran and found nothing wrong."""
        return not self.failed and not self.broken


def run(mutation: Mutation, root: Path) -> Outcome:
    """Run the mutation's command below `root`.

    What is deployed is deployed once for all copies of a checkout, beside them.
    """
    return _run_checker(mutation, root) if mutation.says else _run_test(mutation.by, root)


def _run_test(node: str, root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        ended = _call(["python", "-m", "pytest", *options, node], root)
        if ended.returncode not in (0, 1) or not report.exists():
            return Outcome(broken=_last_line(ended.stdout + ended.stderr))
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  # pytest's own
    failed, broken = [], ""
    for case in cases:
        for kind, result in ((each.tag, each) for each in case):
            if kind == "error" or _BROKEN.match(result.get("message", "")):
                broken = f"{case.get('name')}: {_first_line(result.get('message', ''))}"
            elif kind == "failure":
                failed.append(str(case.get("name")))
    return Outcome(tuple(failed), broken)


def _run_checker(mutation: Mutation, root: Path) -> Outcome:
    ended = _call(shlex.split(mutation.by), root)
    said = ended.stdout + ended.stderr
    if ended.returncode == 0:
        return Outcome()
    if mutation.says in said:
        return Outcome(failed=(mutation.says,))
    return Outcome(broken=_last_line(said))


def _call(command: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment[prepared.SHARED] = str(root.parent)
    folders = [str(root / folder) for folder in _PROGRAMS]
    environment["PATH"] = os.pathsep.join([*folders, environment.get("PATH", "")])
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        return subprocess.CompletedProcess(command, -1, "", f"{command[0]} is not installed")
    try:
        return subprocess.run(
            [program, *command[1:]],
            cwd=root,
            env={**environment, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "", f"no end in {_TIMEOUT_SECONDS} s")


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:200]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]
