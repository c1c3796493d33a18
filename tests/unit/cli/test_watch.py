"""What `tap watch` puts into the deployed functions after a save."""

import base64
import hashlib
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from cli.commands import watch
from cli.targets import Target

FUNCTIONS = {"health": "health-function", "items_api": "items-function"}


class Lambda:
    """Lambda with one function a service, each running a package."""

    def __init__(self) -> None:
        self.code = dict.fromkeys(FUNCTIONS.values(), b"as deployed")

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, str]:  # noqa: N803
        digest = hashlib.sha256(self.code[FunctionName]).digest()
        return {"CodeSha256": base64.b64encode(digest).decode()}

    def update_function_code(self, *, FunctionName: str, ZipFile: bytes) -> None:  # noqa: N803
        assert self.code[FunctionName] != ZipFile, "what runs is put again"
        self.code[FunctionName] = ZipFile


@pytest.fixture
def aws():
    return Lambda()


@pytest.fixture
def target(aws):
    return Target(clients=lambda _: aws, stacks=(), number="1", region="here")


@pytest.fixture
def built(monkeypatch, tmp_path):
    """The packages that the builder makes, by their service, and what it says of the others."""
    packages: dict[str, bytes] = {}
    runs: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        runs.append(command)
        for name, code in packages.items():
            (tmp_path / f"{name} 1.zip").write_bytes(code)
        said = "".join(f"{name} {tmp_path / name} 1.zip\n" for name in packages)
        missing = sorted(set(command[3:]) - set(packages))
        refused = "".join(f"{name}: does not compile\n" for name in missing)
        return SimpleNamespace(stdout=said, stderr=refused, returncode=bool(refused))

    monkeypatch.setattr(subprocess, "run", run)
    return SimpleNamespace(packages=packages, runs=runs)


def put(target):
    watch._put(target, FUNCTIONS, sorted(FUNCTIONS))


def test_packages_of_every_service_are_built_by_one_process(target, built):
    put(target)

    assert built.runs == [[sys.executable, "-m", "lib.packaging.package", *sorted(FUNCTIONS)]]


def test_a_function_whose_package_is_another_gets_it(target, aws, built):
    built.packages |= {"health": b"edited", "items_api": b"edited too"}

    put(target)

    assert aws.code == {"health-function": b"edited", "items-function": b"edited too"}


def test_a_function_whose_package_runs_already_is_left_alone(target, aws, built, capsys):
    built.packages |= {"health": b"as deployed", "items_api": b"edited"}

    put(target)

    assert "health" not in capsys.readouterr().err
    assert aws.code["items-function"] == b"edited"


def test_a_service_that_cannot_be_built_is_told_and_the_others_are_live(target, aws, built, capsys):
    built.packages["items_api"] = b"edited"

    put(target)

    assert "✗ health: does not compile" in capsys.readouterr().err
    assert aws.code["items-function"] == b"edited"
