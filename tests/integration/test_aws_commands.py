"""The operating commands with `--aws`, led to the embedded cloud: one code for both.

The account is the product's own but for one thing: its clients lead to this deployment. The app is
asked for its stacks once, by the first command: each time would be a synthesis.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import account, main, project
from localcloud.cloud import Cloud
from tests.deployment import Deployment, environment
from tests.partner import PartnerApi, eventually

pytestmark = pytest.mark.embedded
Tap = Callable[..., Any]


@pytest.fixture(scope="module")
def stack_names() -> Callable[..., list[str]]:
    """The app's word for its stacks, which it is asked for once."""
    asked, told = project.stack_names, dict[tuple[str, ...], list[str]]()

    def names(environ: dict[str, str], context: Sequence[str] = ()) -> list[str]:
        if tuple(context) not in told:
            told[tuple(context)] = asked(environ, context)
        return told[tuple(context)]

    return names


@pytest.fixture
def tap(
    deployment: Deployment, stack_names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> Tap:
    """Runs `tap ARGUMENTS --aws` in this process, on an account that this deployment is."""
    assert deployment.home
    cloud = Cloud.load(deployment.home)
    assert cloud
    client = cloud.client

    class Account(account.Account):
        """The account of the embedded cloud."""

        def client(self, service: str, **config: Any) -> Any:
            """A client of the embedded cloud."""
            return client(service, **config)

    for name, value in (environment() | dict(deployment.credentials)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(account, "Account", Account)
    monkeypatch.setattr(project, "stack_names", stack_names)
    return lambda *arguments: CliRunner().invoke(
        main.app, [*arguments, "--aws"], catch_exceptions=False
    )


def test_the_account_that_a_command_works_on_is_shown(tap: Tap) -> None:
    assert "AWS account 000000000000, region us-east-1" in tap("key").stderr


def test_the_key_is_the_partners(tap: Tap, partner: PartnerApi) -> None:
    assert tap("key").stdout == f"{partner.key}\n"


def test_the_stacks_are_those_that_the_app_names_with_every_resource(tap: Tap) -> None:
    said = json.loads(tap("status", "--json").stdout)

    found = {stack["stack"]: len(stack["resources"]) for stack in said["stacks"]}
    assert sorted(found) == ["EcommerceStacktest", "PartnerApiStacktest", "TapStacktest"]
    assert found["EcommerceStacktest"] > 100  # more than DescribeStackResources tells


def test_the_endpoints_are_the_outputs(tap: Tap, deployment: Deployment) -> None:
    said = json.loads(tap("endpoints", "--json").stdout)

    assert said["stacks"]["TapStacktest"] == dict(deployment.outputs)
    assert said["apis"]["tap"] == deployment.outputs["ApiEndpoint"].rstrip("/")


def test_the_logs_of_a_service_are_found(tap: Tap, deployment: Deployment) -> None:
    deployment.tap("call", "tap", "POST", "/api", "-d", '{"operation": "list"}')

    def lines() -> list[str]:
        shown = tap("logs", "items_api", "--since", "1m").stdout.splitlines()
        return [line for line in shown if " TapStacktest tap-api-function-test " in line]

    assert eventually(lines, bool)


def test_the_audit_trail_is_read(tap: Tap, partner: PartnerApi) -> None:
    request_id = partner.call("GET", "/items/audited").body["request_id"]

    def records() -> list[str]:
        shown = json.loads(tap("audit", "--since", "1m", "--json").stdout)
        return [record["path"] for record in shown if record["request_id"] == request_id]

    assert eventually(records, bool) == ["/items/audited"]


def test_the_store_is_migrated_after_a_yes(tap: Tap) -> None:
    said = tap("migrate", "--yes")

    assert "nothing was missing" in said.stderr
