"""Keys and clients that an operator makes with `tap key` and `tap client`, and what they open."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api import Answer, Api
from tests.deployment import Deployment
from tests.partner import PartnerApi

pytestmark = pytest.mark.embedded


@pytest.fixture
def name(deployment: Deployment) -> Iterator[str]:
    """A name that nothing has; a key and a client of it go after the test."""
    made = f"suite-{uuid.uuid4().hex[:20]}"
    yield made
    for kind in ("key", "client"):
        deployment.tap(kind, "revoke", made, check=False)


def _listed(deployment: Deployment, kind: str, name: str) -> list[Any]:
    rows = json.loads(deployment.tap(kind, "list", "--json").stdout)
    return [row for row in rows if row["name"] == name]


def _status(partner: PartnerApi, key: str) -> int:
    return partner.call("GET", "/items", key=key).status


def test_a_key_works_from_its_creation_to_its_end(
    deployment: Deployment, partner: PartnerApi, name: str
) -> None:
    key = deployment.tap("key", "create", name).stdout.strip()
    served = _status(partner, key)
    listed = deployment.tap("key", "list").stdout

    deployment.tap("key", "revoke", name)
    refused = partner.call("GET", "/items", key=key)

    assert served == 200
    assert key not in listed
    assert name in listed
    assert (refused.status, refused.error["code"]) == (403, "forbidden")
    assert _listed(deployment, "key", name) == []


def test_a_key_is_held_to_the_throttle_of_its_plan(
    deployment: Deployment, partner: PartnerApi, name: str
) -> None:
    gateway = deployment.client("apigateway")
    stage = {"apiId": partner.outputs["RestApiId"], "stage": "prod"}
    slow = {"rateLimit": 1, "burstLimit": 2}
    plan = gateway.create_usage_plan(name=f"{name}-slow", apiStages=[stage], throttle=slow)["id"]
    try:
        key = deployment.tap("key", "create", name, "--plan", f"{name}-slow").stdout.strip()
        statuses = [_status(partner, key) for _ in range(12)]
        [row] = _listed(deployment, "key", name)
    finally:
        gateway.delete_usage_plan(usagePlanId=plan)

    assert statuses[0] == 200
    assert 429 in statuses
    assert row["plan"] == f"{name}-slow"


def test_while_a_key_is_rotated_both_work_and_then_the_newer_alone(
    deployment: Deployment, partner: PartnerApi, name: str
) -> None:
    old = deployment.tap("key", "create", name).stdout.strip()
    new = deployment.tap("key", "rotate", name).stdout.strip()
    meanwhile = _status(partner, old), _status(partner, new)

    deployment.tap("key", "rotate", name, "--finish")

    assert meanwhile == (200, 200)
    assert (_status(partner, old), _status(partner, new)) == (403, 200)


def test_a_key_that_leaked_ends_at_once(
    deployment: Deployment, partner: PartnerApi, name: str
) -> None:
    old = deployment.tap("key", "create", name).stdout.strip()
    new = deployment.tap("key", "rotate", name, "--at-once").stdout.strip()

    assert (_status(partner, old), _status(partner, new)) == (403, 200)


def test_the_stacks_own_key_is_neither_rotated_nor_revoked(
    deployment: Deployment, partner: PartnerApi
) -> None:
    own = partner.outputs["ApiKeyId"]

    said = [deployment.tap("key", verb, own, check=False) for verb in ("rotate", "revoke")]

    assert [each.returncode for each in said] == [1, 1]
    assert all("CloudFormation's" in each.stderr for each in said)
    assert partner.call("GET", "/items").status == 200


def _token(deployment: Deployment, api: Api, client: Any, **asked: str) -> Answer:
    basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    answer = api.pool.request(
        "POST",
        deployment.token_url,
        body=urlencode({"grant_type": "client_credentials", **asked}),
        headers={
            "authorization": f"Basic {basic}",
            "content-type": "application/x-www-form-urlencoded",
        },
    )
    return Answer(answer.status, answer.headers, answer.data.decode())


def _made(deployment: Deployment, name: str) -> Any:
    return json.loads(deployment.tap("client", "create", name, "--scopes", "items.read").stdout)


def test_a_client_may_do_what_its_scopes_say_and_nothing_else(
    deployment: Deployment, api: Api, name: str
) -> None:
    client = _made(deployment, name)
    token = _token(deployment, api, client).body["access_token"]

    read = api.post({"operation": "list"}, token=token)
    written = api.post({"operation": "create", "item": {"name": "x"}}, token=token)
    more = _token(deployment, api, client, scope="tap/items.write")

    assert read.status == 200
    assert (written.status, written.error["code"]) == (403, "forbidden")
    assert more.status == 400


def test_a_revoked_client_gets_no_token_and_those_it_has_end(
    deployment: Deployment, api: Api, name: str
) -> None:
    client = _made(deployment, name)
    token = _token(deployment, api, client).body["access_token"]
    served = api.post({"operation": "list"}, token=token).status

    deployment.tap("client", "revoke", name)

    assert served == 200
    assert api.post({"operation": "list"}, token=token).status == 401
    assert _token(deployment, api, client).status in (400, 401)
    assert api.call("list").status == 200


def test_a_list_of_clients_tells_no_secret(deployment: Deployment, name: str) -> None:
    client = _made(deployment, name)

    listed = deployment.tap("client", "list", "--json").stdout
    [row] = _listed(deployment, "client", name)

    assert client["client_secret"] not in listed
    assert (row["scopes"], row["enabled"]) == ("tap/items.read", True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("key", "create", "Acme Inc"), "a name is of a to z"),
        (("key", "create", "acme", "--plan", "gold"), "no plan 'gold' covers the partner API"),
        (("key", "rotate", "nobody"), "no key 'nobody'"),
        (("key", "burn"), "no action 'burn'; choose from show, create"),
        (("client", "create", "acme"), "--scopes takes files.write, items.read, items.write"),
        (("client", "create", "acme", "--scopes", "items.fly"), "no scope 'items.fly'"),
        (("client", "revoke", "nobody"), "no client 'nobody'"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_done_is_told_in_one_line(
    deployment: Deployment, given: tuple[str, ...], told: str
) -> None:
    said = deployment.tap(*given, check=False)

    assert said.returncode == 1
    assert told in said.stderr
    assert said.stderr.count("\n") == 1
