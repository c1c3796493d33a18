"""The partner API is what its description says, and says so itself."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.partner_api.validators import VALIDATORS
from tests.unit.services.fakes.partner_api import ITEM, Partner

API = json.loads(Path("docs/api/partner.openapi.json").read_text("utf-8"))
SCHEMAS = API["components"]["schemas"]
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in API["paths"].items()
    for method, operation in methods.items()
    if method != "parameters"
}
# What API Gateway's models know; lib translates $ref and leaves texts for readers out.
DRAFT_04 = {"type", "properties", "patternProperties", "additionalProperties", "$ref", "pattern"}
DRAFT_04 |= {"minLength", "maxLength", "description", "examples"}


def validate(name: str, value: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    jsonschema_rs.validator_for(schema).validate(value)


def test_the_operations_described_are_those_served_and_validated(partner_api: Partner) -> None:
    served = {tuple(key.split()): route.name for key, route in partner_api.api.routes.items()}

    assert {route: op["operationId"] for route, op in OPERATIONS.items()} == served
    assert set(served.values()) == set(VALIDATORS)


def test_an_operation_takes_an_item_and_succeeds_as_described(partner_api: Partner) -> None:
    for key, route in partner_api.api.routes.items():
        method, path = key.split()
        described = OPERATIONS[method, path]
        assert route.body == ("item" if "requestBody" in described else None)
        assert str(route.status) in described["responses"]


def test_the_api_tells_its_operations(partner_api: Partner) -> None:
    status, body = partner_api("GET", "/")

    assert status == 200
    validate("ApiAnswer", body)
    assert {(op["method"], op["path"]) for op in body["data"]["api"]["operations"]} == set(
        OPERATIONS
    )


def test_a_healthy_api_answers_as_described(partner_api: Partner) -> None:
    status, body = partner_api("GET", "/health")

    assert status == 200
    validate("HealthAnswer", body)


def test_an_api_whose_table_is_down_says_so_and_no_more(partner_api: Partner) -> None:
    partner_api.down = True

    status, body = partner_api("GET", "/health")

    assert (status, body["error"]["code"]) == (503, "service_unavailable")
    validate("Failure", body)
    assert "not_active" not in json.dumps(body)


@pytest.mark.parametrize("route", [("POST", "/items"), ("PUT", ITEM)])
def test_every_example_is_valid_and_its_answer_as_described(
    partner_api: Partner, route: tuple[str, str]
) -> None:
    partner_api("POST", "/items", item={"id": "mug"})
    content = OPERATIONS[route]["requestBody"]["content"]["application/json"]
    item_id = "mug" if route == ("PUT", ITEM) else None

    for example in content["examples"].values():
        status, body = partner_api(*route, item_id=item_id, item=example["value"])

        assert status in (200, 201)
        validate("ItemAnswer", body)


def test_a_page_is_as_described(partner_api: Partner) -> None:
    for number in range(2):
        partner_api("POST", "/items", item={"id": f"mug-{number}"})

    validate("ItemsAnswer", partner_api("GET", "/items", query={"limit": ["1"]})[1])


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "resource": "/items", "item": "{"},
        {"method": "POST", "resource": "/items", "item": {"n" * 5000: 1}},
        {"method": "POST", "resource": "/items", "item": {"a": "x" * 500_000}},
        {"method": "POST", "resource": "/items", "item": {"id": "mug"}},
        {"resource": ITEM, "item_id": "none"},
        {"resource": "/items", "query": {"cursor": ["a.b.c"]}},
        {
            "method": "PUT",
            "resource": ITEM,
            "item_id": "mug",
            "item": {},
            "headers": {"If-Match": '"9"'},
        },
    ],
)
def test_every_failure_is_as_described(partner_api: Partner, request_: Any) -> None:
    partner_api("POST", "/items", item={"id": "mug"})
    route = (request_.get("method", "GET"), request_["resource"])

    status, body = partner_api(**request_)

    assert status >= 400
    assert str(status) in OPERATIONS[route]["responses"]
    validate("Failure", body)


def test_the_schemas_of_items_say_only_what_the_gateway_can_enforce() -> None:
    def visit(schema: Any) -> None:
        assert schema.keys() <= DRAFT_04
        for each in ("properties", "patternProperties"):
            for part in schema.get(each, {}).values():
                visit(part)

    for name in ("PartnerItemCreate", "PartnerItemReplace", "ItemId"):
        visit(SCHEMAS[name])


def test_every_operation_needs_the_key() -> None:
    assert API["security"] == [{"apiKey": []}]
    assert not [operation for operation in OPERATIONS.values() if "security" in operation]
