"""REST APIs: validators, switched keys and who calls, in the emulator and here."""

from typing import Any

import pytest
from ministack.services import apigateway_v1

from localcloud.engine import rest_api
from localcloud.engine.internals import need
from localcloud.gateway.sent import SERVED, handed_on

SENT = [
    (b"host", b"localhost"),
    (b"x-forwarded-for", b"6.6.6.6"),
    (b"x-api-key", b"the-value-of-a-key-of-a-partner"),
    (b"x-a", b"1"),
    (b"X-A", b"2"),
]


def event() -> Any:
    """What a function is told of a request with a key."""
    scope = {"headers": SENT, "client": ("192.0.2.7", 40000)}
    served = SERVED.set(handed_on(scope, rest=True))
    joined = {"host": "localhost", "x-forwarded-for": "6.6.6.6, 192.0.2.7", "x-a": "1, 2"}
    joined["x-api-key"] = "the-value-of-a-key-of-a-partner"
    resource = {"id": "r", "path": "/items"}
    build = need(apigateway_v1, "_build_lambda_event_v1")
    try:
        return build("api", "prod", {}, resource, "/items", "GET", joined, b"", {}, {})
    finally:
        SERVED.reset(served)


def test_the_original_tells_no_peer_no_key_and_joined_headers():
    told = event()

    assert told["requestContext"]["identity"]["sourceIp"] != "192.0.2.7"
    assert not told["requestContext"]["identity"].get("apiKeyId")
    assert told["headers"]["x-a"] == "1, 2"


def test_the_source_address_is_the_peers_whatever_the_client_says(patch):
    patch(rest_api)

    told = event()

    assert told["requestContext"]["identity"]["sourceIp"] == "192.0.2.7"
    assert told["headers"]["x-forwarded-for"] == "6.6.6.6, 192.0.2.7"


def test_the_key_is_told_by_its_id(emulator, patch):
    made = emulator.client("apigateway").create_api_key(
        name="key", value="the-value-of-a-key-of-a-partner"
    )
    patch(rest_api)

    assert event()["requestContext"]["identity"]["apiKeyId"] == made["id"]


def test_a_repeated_header_has_each_value_and_by_name_the_last(patch):
    patch(rest_api)

    told = event()

    assert told["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert told["headers"]["x-a"] == "2"


def switched(emulator, told):
    """Whether a key is on, after an operator said so in these words."""
    gateway = emulator.client("apigateway")
    key = gateway.create_api_key(name="key", enabled=True)["id"]
    patch = [{"op": "replace", "path": "/enabled", "value": told}]
    gateway.update_api_key(apiKey=key, patchOperations=patch)
    kept = need(apigateway_v1, "_api_keys")[key]["enabled"]
    return bool(kept)


def test_the_original_takes_any_text_for_true(emulator):
    assert switched(emulator, "false")


@pytest.mark.parametrize(("told", "enabled"), [("false", False), ("true", True)])
def test_a_key_is_switched_by_the_text_that_says_so(emulator, patch, told, enabled):
    patch(rest_api)

    assert switched(emulator, told) is enabled


def template(validates="true"):
    """An API whose method has a validator."""
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api"}},
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": validates},
        },
        "Method": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "HttpMethod": "POST",
                "RequestValidatorId": {"Ref": "Validator"},
                "Integration": {"Type": "MOCK"},
            },
        },
    }


def validator_of(emulator):
    """The validator that a deployed method has, and those of its API."""
    stack = emulator.deploy(**template())
    gateway = emulator.client("apigateway")
    api = stack.ids["Api"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    method = gateway.get_method(restApiId=api, resourceId=root, httpMethod="POST")
    return method.get("requestValidatorId"), gateway.get_request_validators(restApiId=api)["items"]


def test_the_original_makes_no_validator(emulator):
    assert validator_of(emulator) == (None, [])


def test_a_method_has_the_validator_of_its_template(emulator, patch):
    patch(rest_api)

    tied, [made] = validator_of(emulator)

    assert tied == made["id"]
    assert made["validateRequestBody"] is True
    assert made["validateRequestParameters"] is False
