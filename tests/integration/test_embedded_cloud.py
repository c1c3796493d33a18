"""The embedded cloud keeps to itself, and every resource in it is accounted for."""

import json
import os
from typing import Any

import botocore.session
import psutil
import pytest
from botocore.exceptions import ClientError

from tests.api import Api
from tests.deployment import SHELL_SECRET, Deployment, tap

pytestmark = pytest.mark.embedded


def test_every_resource_is_of_a_known_kind_and_has_its_settings(deployment: Deployment) -> None:
    rows = json.loads(deployment.tap("status", "--json").stdout)["resources"]

    assert len(rows) > 30
    assert not [row for row in rows if row["verdict"] == "unknown"]
    assert not [row for row in rows if row["missing"]]


def test_what_is_deployed_is_what_the_sources_say(deployment: Deployment) -> None:
    assert deployment.home
    # Without the rules that `make check` looks after; they take half of the time.
    fast = {"CDK_VALIDATION": "false"}

    said = tap(deployment.home, "cdk", "diff", "--fail", check=False, environ=fast)

    assert said.returncode == 0, said.stdout + said.stderr


def test_up_again_changes_nothing(deployment: Deployment) -> None:
    before = process(deployment)

    said = deployment.tap("up")

    assert "Everything is deployed already" in said.stderr
    assert process(deployment) == before


@pytest.mark.parametrize("key", ["test", "000000000000", "123456789012", "AKIAIOSFODNN7EXAMPLE"])
def test_the_access_keys_that_emulators_take_are_refused(deployment: Deployment, key: str) -> None:
    dynamodb: Any = botocore.session.get_session().create_client(
        "dynamodb",
        region_name=deployment.region,
        endpoint_url=deployment.endpoint,
        verify=deployment.ca_bundle,
        aws_access_key_id=key,
        aws_secret_access_key="test",
    )

    with pytest.raises(ClientError, match=r"AccessDenied|UnrecognizedClient"):
        dynamodb.list_tables()


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_localstack/init"])
def test_the_emulators_administration_is_closed(
    api: Api, deployment: Deployment, path: str
) -> None:
    answer = api.pool.request("POST", f"{deployment.endpoint}{path}")

    assert answer.status == 403
    assert api.get("/health").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254"])
def test_a_foreign_host_is_refused(api: Api, deployment: Deployment, host: str) -> None:
    answer = api.pool.request("GET", f"{deployment.endpoint}/", headers={"host": host})

    assert answer.status == 403


def test_a_foreign_host_is_refused_at_the_front_door(api: Api) -> None:
    assert api.get("/health", headers={"host": "evil.example"}).status == 403


def test_a_web_page_may_not_call_the_aws_api(api: Api, deployment: Deployment) -> None:
    preflight = api.pool.request(
        "OPTIONS",
        f"{deployment.endpoint}/",
        headers={
            "origin": "https://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-amz-target,authorization",
        },
    )

    assert preflight.status == 403


def test_functions_see_nothing_of_the_shell(api: Api, deployment: Deployment) -> None:
    assert api.call("list").status == 200
    cloud = psutil.Process(process(deployment))

    environments = [child.environ() for child in cloud.children(recursive=True)]
    functions = [found for found in environments if "AWS_LAMBDA_FUNCTION_NAME" in found]
    assert functions
    for seen in functions:
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
