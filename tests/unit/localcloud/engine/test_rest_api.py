"""REST APIs: validators, switched keys and who calls, in the emulator and here."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ministack.services import apigateway_v1

from localcloud.engine import rest_api
from localcloud.engine.internals import need
from localcloud.gateway.sent import SERVED, handed_on
from tests import clock

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


KEY = "the-value-of-a-key-of-a-partner-of-ours"


def guarded(enabled, **quota):
    """An API that needs a key, and such a key, on a plan with this quota."""
    method = {
        "RestApiId": {"Ref": "Api"},
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "GET",
        "ApiKeyRequired": True,
        "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{}"}},
    }
    stage = {"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}
    plan = {"ApiStages": [stage], **({"Quota": quota} if quota else {})}
    tie = {"KeyId": {"Ref": "Key"}, "UsagePlanId": {"Ref": "Plan"}, "KeyType": "API_KEY"}
    deployment = {"RestApiId": {"Ref": "Api"}}
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api"}},
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": deployment,
            "DependsOn": "Method",
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                **deployment,
                "DeploymentId": {"Ref": "Deployment"},
                "StageName": "prod",
            },
        },
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Value": KEY, **enabled}},
        "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": plan},
        "Tie": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": tie},
    }


@pytest.fixture
def called(emulator):
    """Deploys such an API, and calls it with its key for as often as is said."""
    made = []

    def call(enabled, times=1, **quota):
        stack = emulator.deploy(**guarded(enabled, **quota))
        made.append(stack.name)
        path = f"/_aws/execute-api/{stack.ids['Api']}/prod/"
        return lambda: [emulator.send("GET", path, {"x-api-key": KEY}) for _ in range(times)]

    yield call
    for name in made:
        emulator.delete(name)


def statuses(answers):
    return [status for status, _, _ in answers]


@pytest.mark.parametrize("enabled", [{"Enabled": "false"}, {}])
def test_the_original_serves_a_key_that_its_template_leaves_off(called, enabled):
    assert statuses(called(enabled)()) != [403]


@pytest.mark.parametrize("enabled", [{"Enabled": "false"}, {"Enabled": False}, {}])
def test_a_key_that_its_template_leaves_off_is_forbidden(called, patch, enabled):
    patch(rest_api)

    [(status, _, body)] = called(enabled)()

    assert (status, body) == (403, b'{"message":"Forbidden"}')


@pytest.mark.parametrize("enabled", [{"Enabled": "true"}, {"Enabled": True}])
def test_a_key_that_its_template_switches_on_is_served(called, patch, enabled):
    patch(rest_api)

    assert statuses(called(enabled)()) == [200]


def test_a_quota_begins_anew_with_the_next_day_of_the_drills_clock(called, patch, tmp_path):
    patch(rest_api)
    call = called({"Enabled": True}, times=3, Limit=2, Period="DAY")
    before = statuses(call())

    clock.advance(tmp_path, 24 * 3600)

    assert before == [200, 200, 429]
    assert statuses(call()) == [200, 200, 429]


def test_the_original_keeps_to_a_day_from_the_first_request(called, tmp_path):
    (tmp_path / "state").mkdir()
    call = called({"Enabled": True}, times=2, Limit=1, Period="DAY")
    before = statuses(call())

    clock.advance(tmp_path, 24 * 3600)

    assert (before, statuses(call())) == ([200, 429], [429, 429])


@pytest.mark.parametrize(
    ("quota", "last", "first"),
    [
        ({"period": "DAY"}, "2026-11-25T23:59:59", "2026-11-26T00:00:00"),
        ({"period": "WEEK"}, "2026-11-28T23:59:59", "2026-11-29T00:00:00"),  # a Sunday
        ({"period": "WEEK", "offset": 1}, "2026-11-29T23:59:59", "2026-11-30T00:00:00"),
        ({"period": "MONTH"}, "2026-11-30T23:59:59", "2026-12-01T00:00:00"),
        ({"period": "MONTH", "offset": "14"}, "2026-12-14T23:59:59", "2026-12-15T00:00:00"),
    ],
)
def test_a_period_is_the_calendars_in_utc(quota, last, first):
    before, at, after = (
        datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() + seconds
        for text, seconds in ((last, 0), (first, 0), (first, 3600))
    )

    found = [rest_api.period_of(quota, each) for each in (before, at, after)]

    assert found[0] != found[1] == found[2]


SCHEMA = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
TEMPLATE = '{"why": "$context.error.validationErrorString"}'


@pytest.fixture
def told(emulator):
    """What a REST API with a model and a gateway response of its own tells of a body."""
    rest = emulator.client("apigateway")
    api = rest.create_rest_api(name="api")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    schema = json.dumps(SCHEMA)
    rest.create_model(restApiId=api, name="Item", contentType="application/json", schema=schema)
    validator = rest.create_request_validator(restApiId=api, validateRequestBody=True)["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    models = {"requestModels": {"application/json": "Item"}, "requestValidatorId": validator}
    rest.put_method(**method, authorizationType="NONE", **models)
    rest.put_integration(**method, type="MOCK", requestTemplates={"application/json": "{}"})
    answer = {"responseTemplates": {"application/json": TEMPLATE}}
    rest.put_gateway_response(restApiId=api, responseType="BAD_REQUEST_BODY", **answer)
    rest.create_deployment(restApiId=api, stageName="prod")

    def call(body):
        status, _, said = emulator.send("POST", f"/_aws/execute-api/{api}/prod/", body=body)
        return status, said.decode()

    yield call
    rest.delete_rest_api(restApiId=api)


def test_the_original_does_not_say_why_a_body_does_not_fit(told):
    assert told(b"{}") == (400, TEMPLATE)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "[data must contain ['sku'] properties]"),
        (b'{"sku": 7}', "[data.sku must be string]"),
        (b"{", "[the body is not JSON]"),
    ],
)
def test_a_validators_text_is_put_into_a_body_without_escaping(told, patch, body, why):
    patch(rest_api)

    assert told(body) == (400, f'{{"why": "{why}"}}')


def test_a_body_that_only_the_emulator_refuses_does_not_fit(told):
    assert told(b'{"sku": "a"}')[0] == 200
    assert rest_api.why_invalid("{}", b"1") == "[the body does not fit the model]"
