"""What a REST API's function is told of its caller, and what its gateway's answers say."""

# pylint: disable=redefined-outer-name  # fixtures

import asyncio
from typing import Any

import pytest
from ministack.services import apigateway_v1, cloudfront
from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine import cdn, rest_api
from localcloud.gateway.exchange import Exchange
from localcloud.gateway.sent import SERVED, handed_on
from localcloud.gateway.stage import Address, Stage

SENT = [
    (b"host", b"localhost"),
    (b"x-forwarded-for", b"6.6.6.6"),
    (b"x-a", b"1"),
    (b"X-A", b"2"),
]


@pytest.fixture
def event(monkeypatch, tmp_path):
    """The event that the emulator builds, with what this project changes in it."""
    for name in ("_build_lambda_event_v1", "_update_api_key"):
        monkeypatch.setattr(apigateway_v1, name, getattr(apigateway_v1, name))
    kept = dict(provisioners._RESOURCE_HANDLERS)  # pylint: disable=protected-access
    rest_api.install(Cloud(home=tmp_path, port=1, front_port=2))
    scope = {"headers": SENT, "client": ("192.0.2.7", 40000)}
    served = SERVED.set(handed_on(scope, rest=True))
    joined = {"host": "localhost", "x-forwarded-for": "6.6.6.6, 192.0.2.7", "x-a": "1, 2"}
    resource = {"id": "r", "path": "/items"}
    build: Any = apigateway_v1._build_lambda_event_v1  # pylint: disable=protected-access
    yield build("api", "prod", {}, resource, "/items", "GET", joined, b"", {}, {})
    SERVED.reset(served)
    provisioners._RESOURCE_HANDLERS.clear()  # pylint: disable=protected-access
    provisioners._RESOURCE_HANDLERS.update(kept)  # pylint: disable=protected-access


@pytest.mark.parametrize(("told", "enabled"), [("false", False), ("true", True)])
@pytest.mark.usefixtures("event")
def test_a_key_is_switched_by_the_text_that_says_so(monkeypatch, told, enabled):
    kept: dict[str, Any] = {"id": "k", "value": "v", "enabled": not enabled}
    monkeypatch.setattr(apigateway_v1, "_api_keys", {"k": kept})
    patch = [{"op": "replace", "path": "/enabled", "value": told}]

    apigateway_v1._update_api_key("k", {"patchOperations": patch})  # pylint: disable=protected-access

    assert kept["enabled"] is enabled


def test_the_source_address_is_the_peers_whatever_the_client_says(event):
    assert event["requestContext"]["identity"]["sourceIp"] == "192.0.2.7"


def test_the_peer_comes_last_in_the_addresses_forwarded(event):
    assert event["headers"]["x-forwarded-for"] == "6.6.6.6, 192.0.2.7"


def test_a_repeated_header_has_each_value_and_by_name_the_last(event):
    assert event["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert event["headers"]["x-a"] == "2"


def test_a_behaviour_that_names_no_methods_reads_only(monkeypatch, tmp_path):
    for name in ("_origin_connect_target", "_dataplane_allowed_methods"):
        monkeypatch.setattr(cloudfront, name, getattr(cloudfront, name))
    cdn.install(Cloud(home=tmp_path, port=1, front_port=2))
    none = cloudfront._parse_body(b"<B/>")  # pylint: disable=protected-access

    allowed = cloudfront._dataplane_allowed_methods(none)  # pylint: disable=protected-access

    assert allowed == ["GET", "HEAD"]


def test_a_validators_text_is_put_into_a_body_without_escaping(monkeypatch):
    monkeypatch.setattr(Stage, "invalid_because", lambda *_: '["id"] is missing')
    sent: list[Any] = []

    async def send(message):
        sent.append(message)

    async def answer():
        address = Address("api", "/prod/items", by_host=False)
        stage = Stage(rest=True, name="prod")
        exchange = Exchange({"method": "POST", "headers": []}, address, stage, send)
        await exchange.send({"type": "http.response.start", "status": 400, "headers": []})
        body = b'{"message": "$context.error.validationErrorString"}'
        await exchange.send({"type": "http.response.body", "body": body})

    asyncio.run(answer())

    assert sent[1]["body"] == b'{"message": "["id"] is missing"}'
