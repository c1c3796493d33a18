"""The search for secrets finds one wherever it is planted, and names it without its value."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import pytest

from localcloud.cloud import Cloud
from tests import leaks
from tests.deployment import Deployment

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def cloud(deployment: Deployment) -> Cloud:
    """The suites' embedded cloud."""
    assert deployment.home
    known = Cloud.load(deployment.home)
    assert known
    return known


@pytest.fixture
def secret(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Name and former value of a secret of the suite's own, which has another value now."""
    secrets, name, value = cloud.client("secretsmanager"), f"suite-{uuid.uuid4()}", uuid.uuid4().hex
    secrets.create_secret(Name=name, SecretString=f'{{"username": "u", "password": "{value}"}}')
    secrets.put_secret_value(SecretId=name, SecretString=f'{{"password": "{uuid.uuid4()}"}}')
    yield name, value
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def told(cloud: Cloud, name: str) -> list[str]:
    """Where the secret of this name is told."""
    return [leak for leak in leaks.found(cloud) if name in leak]


def test_a_secret_in_a_log_group_is_found(cloud: Cloud, secret: tuple[str, str]) -> None:
    name, value = secret
    logs, group = cloud.client("logs"), f"/{name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": f"p={value}."}
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])

    leaked = told(cloud, name)

    logs.delete_log_group(logGroupName=group)
    assert [leak.partition(" tells ")[0] for leak in leaked] == [group]
    assert value not in str(leaked)


@pytest.mark.parametrize("place", ["suite.log", "tmp/suite", "objects/suite/record"])
def test_a_secret_in_a_file_is_found(cloud: Cloud, secret: tuple[str, str], place: str) -> None:
    name, value = secret
    path = cloud.home / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"before {value} after", "utf-8")

    leaked = told(cloud, name)

    path.unlink()
    assert [leak.partition(" tells ")[0] for leak in leaked] == [str(path)]


@pytest.mark.parametrize("shown", ["cmdline", "environ"])
def test_a_secret_that_a_process_shows_is_found(
    cloud: Cloud, secret: tuple[str, str], shown: str
) -> None:
    name, value = secret
    words = [value] if shown == "cmdline" else []
    variables = {"SUITE": value} if shown == "environ" else {}
    ends = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", ends, *words],
        env=os.environ | variables | {"CLOUD": str(cloud.home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()

        leaked = told(cloud, name)

        process.communicate()
    assert leaked
    assert all(leak.startswith(f"the {shown} of ") for leak in leaked)


def test_a_secret_that_nobody_told_is_not_found(cloud: Cloud, secret: tuple[str, str]) -> None:
    assert told(cloud, secret[0]) == []


def test_every_kind_of_secret_is_looked_for(cloud: Cloud, secret: tuple[str, str]) -> None:
    looked_for = leaks.secrets(cloud)

    assert secret[1] in looked_for.values()
    for kind in ("the root key", "the database's password", "the API key", "the client", "tap-"):
        assert [name for name in looked_for if name.startswith(kind)], kind
