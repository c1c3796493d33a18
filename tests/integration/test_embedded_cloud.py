"""The embedded cloud keeps to itself, and every resource in it is accounted for."""

import json
import os

import psutil
import pytest

from localcloud.process import functions
from tests.api import Api
from tests.deployment import SHELL_SECRET, Deployment

pytestmark = pytest.mark.embedded


def test_every_resource_is_of_a_known_kind_and_has_its_settings(deployment: Deployment) -> None:
    rows = json.loads(deployment.tap("status", "--json").stdout)["resources"]

    assert len(rows) > 30
    assert not [row for row in rows if row["verdict"] == "unknown"]
    assert not [row for row in rows if row["missing"]]


def test_what_is_deployed_is_what_the_sources_say(deployment: Deployment) -> None:
    said = deployment.tap("cdk", "diff", "--fail", check=False)

    assert said.returncode == 0, said.stdout + said.stderr


def test_up_again_changes_nothing(deployment: Deployment) -> None:
    before = process(deployment)

    said = deployment.tap("up")

    assert "Everything is deployed already" in said.stderr
    assert process(deployment) == before


def test_functions_see_nothing_of_the_shell(api: Api, deployment: Deployment) -> None:
    assert api.call("list").status == 200

    environments = [environ for _, environ in functions(psutil.Process(process(deployment)))]

    assert environments
    for seen in environments:
        assert not SHELL_SECRET.keys() & seen.keys()
        assert seen["PATH"] != os.environ["PATH"]
        foreign = [name for name in seen if not name.startswith(("AWS_", "LAMBDA_", "_"))]
        assert set(foreign) <= {"PATH", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "PWD", "SHLVL"}
        assert deployment.credentials["AWS_SECRET_ACCESS_KEY"] not in seen.values()


def test_the_folder_is_this_users_alone(deployment: Deployment) -> None:
    assert deployment.home
    assert deployment.home.stat().st_mode & 0o077 == 0
    assert (deployment.home / "cloud.json").stat().st_mode & 0o077 == 0


def process(deployment: Deployment) -> int:
    """The id of the embedded cloud's process."""
    pid: int = json.loads(deployment.tap("status", "--json").stdout)["pid"]
    return pid
