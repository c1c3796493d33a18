"""The commands for the partner API: `tap key`, `call partner`, `audit`, `redrive`."""

import json
import subprocess
from typing import Any

import pytest

from tests.deployment import Deployment
from tests.partner import PartnerApi, eventually

pytestmark = pytest.mark.embedded


def test_tap_key_prints_the_key_that_opens_the_api(
    partner: PartnerApi, deployment: Deployment
) -> None:
    key = deployment.tap("key").stdout.removesuffix("\n")

    assert key == partner.key
    assert partner.call("GET", "/", key=key).status == 200


def test_tap_call_sends_the_key(deployment: Deployment) -> None:
    said = deployment.tap("call", "partner", "POST", "/items", "--data", '{"name": "first"}')

    item = json.loads(said.stdout)["data"]["item"]
    assert "201" in said.stderr
    assert item["name"] == "first"
    assert deployment.tap("call", "partner", "delete", f"/items/{item['id']}").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("GET", "/items", "--anonymous"), "403"),
        (("GET", "/nothing"), "404"),
        (("POST", "/items", "--data", "{"), "400"),
        (("POST", "/items", "--data", "@README.md"), "400"),
    ],
)
def test_tap_call_exits_with_1_when_it_is_refused_and_prints_why(
    deployment: Deployment, arguments: tuple[str, ...], status: str
) -> None:
    said = deployment.tap("call", "partner", *arguments, check=False)

    assert said.returncode == 1
    assert status in said.stderr
    assert json.loads(said.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("call", "nobody", "GET", "/items"), "no API 'nobody'"),
        (("call", "partner", "POST", "/items", "--data", "@/no/such/file"), "cannot read"),
        (("audit", "--since", "yesterday"), "got 'yesterday'"),
        (("audit", "--since", "-1m"), "got '-1m'"),
        (("audit", "--since", "99999999d"), "got '99999999d'"),
        (("audit", "--since", "999999d"), "far"),
        (("redrive", "everything"), "everything"),
    ],
)
def test_bad_input_is_told_in_a_line_and_not_as_a_traceback(
    deployment: Deployment, arguments: tuple[str, ...], why: str
) -> None:
    said = deployment.tap(*arguments, check=False)

    assert said.returncode in (1, 2)
    assert why in said.stderr
    assert "Traceback" not in said.stderr
    assert said.stdout == ""


def test_tap_audit_reads_what_was_just_done(partner: PartnerApi, deployment: Deployment) -> None:
    request_id = partner.call("GET", "/items/audited").body["request_id"]

    def records() -> list[dict[str, Any]]:
        shown = json.loads(deployment.tap("audit", "--since", "30s", "--json").stdout)
        return [record for record in shown if record["request_id"] == request_id]

    [record] = eventually(records, bool)
    assert (record["path"], record["status"]) == ("/items/audited", 404)
    table = deployment.tap("audit", "--since", "1m").stdout
    assert "records since" in table
    assert "/items/audited" in table


def test_tap_redrive_without_dead_letters_moves_none_and_may_be_repeated(
    deployment: Deployment,
) -> None:
    said: list[subprocess.CompletedProcess[str]] = [deployment.tap("redrive") for _ in range(2)]

    assert ["0 dead letters moved" in each.stderr for each in said] == [True, True]
