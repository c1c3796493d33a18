"""The partner API, from the gateway's event to the answer."""

import base64
import json
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.partner_api import handler
from services.partner_api.cors import AllowedOrigins
from services.shared import aws
from services.shared.function import from_environment
from services.shared.http import exact_json
from tests.unit.services import fakes
from tests.unit.services.fakes.partner_api import ITEM, KEY, OTHER_KEY, Partner, Queue, rest_event
from tests.unit.services.fakes.strategies import attributes, documents

OTHER_CHARACTERS = st.text(max_size=40)


def refusal(answer: Any) -> Any:
    """Field and problem of an answer that refuses a request."""
    status, body = answer
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    [detail] = body["error"]["details"]
    assert detail["allowed"]
    return detail["field"], detail["problem"]


def put(partner_api: Partner, condition: str | None, item: Any = None) -> Any:
    headers = {} if condition is None else {"If-Match": condition}
    return partner_api.raw("PUT", ITEM, item_id="mug", headers=headers, item=item or {})


def test_an_item_is_created_read_replaced_listed_and_deleted(partner_api: Partner) -> None:
    status, created = partner_api("POST", "/items", item={"id": "mug", "name": "Mug"})
    assert status == 201
    assert created["success"] is True
    assert (created["request_id"], created["stage"]) == ("a-request", "prod")

    assert partner_api("GET", ITEM, item_id="mug")[1]["data"] == created["data"]
    status, replaced = partner_api("PUT", ITEM, item_id="mug", item={"colour": "blue"})
    assert status == 200
    assert replaced["data"]["item"]["version"] == 2
    assert "name" not in replaced["data"]["item"]
    page = partner_api("GET", "/items")[1]["data"]
    assert page == {"items": [replaced["data"]["item"]], "cursor": None}
    assert partner_api("DELETE", ITEM, item_id="mug")[1]["data"] == replaced["data"]
    status, missing = partner_api("GET", ITEM, item_id="mug")
    assert (status, missing["error"]["code"], missing["stage"]) == (404, "item_not_found", "prod")


def test_an_item_without_an_id_is_given_one(partner_api: Partner) -> None:
    status, created = partner_api("POST", "/items", item={"name": "Mug"})

    assert status == 201
    assert list(partner_api.items.kept) == [created["data"]["item"]["id"]]


def test_a_create_repeated_with_the_same_id_is_refused_and_changes_nothing(
    partner_api: Partner,
) -> None:
    partner_api("POST", "/items", item={"id": "mug", "name": "Mug"})

    status, body = partner_api("POST", "/items", item={"id": "mug", "name": "Cup"})

    assert (status, body["error"]["code"]) == (409, "item_exists")
    assert partner_api.items.kept["mug"].attributes == {"name": "Mug"}


def test_the_etag_of_an_answer_is_the_condition_of_the_next_replacement(
    partner_api: Partner,
) -> None:
    created = partner_api.raw("POST", "/items", item={"id": "mug"})
    read = partner_api.raw("GET", ITEM, item_id="mug")
    assert created["headers"]["etag"] == read["headers"]["etag"] == '"1"'

    replaced = put(partner_api, read["headers"]["etag"], {"n": 1})
    late = put(partner_api, read["headers"]["etag"], {"n": 2})

    assert (replaced["statusCode"], replaced["headers"]["etag"]) == (200, '"2"')
    assert late["statusCode"] == 412
    error = json.loads(late["body"])["error"]
    assert (error["code"], error["details"]) == ("version_conflict", {"current_version": 2})
    assert partner_api.items.kept["mug"].attributes == {"n": 1}


@pytest.mark.parametrize("condition", [None, "*"])
def test_without_a_version_whichever_is_there_is_replaced(
    partner_api: Partner, condition: str | None
) -> None:
    partner_api("POST", "/items", item={"id": "mug"})
    put(partner_api, None)

    assert put(partner_api, condition)["headers"]["etag"] == '"3"'


def test_nothing_that_is_not_there_is_replaced(partner_api: Partner) -> None:
    for condition in (None, "*", '"1"'):
        assert put(partner_api, condition)["statusCode"] == 404
    assert partner_api.items.kept == {}


@pytest.mark.parametrize(
    "condition", ["", "1", '"0"', '"01"', '"x"', 'W/"1"', '"1", "2"', "'1'", '"1"\n', '"\u0661"']
)
def test_a_malformed_condition_is_refused_and_changes_nothing(
    partner_api: Partner, condition: str
) -> None:
    partner_api("POST", "/items", item={"id": "mug"})

    answer = put(partner_api, condition)

    assert refusal((answer["statusCode"], json.loads(answer["body"])))[0] == "header.If-Match"
    assert partner_api.items.kept["mug"].version == 1


def test_a_condition_given_twice_is_refused(partner_api: Partner) -> None:
    answer = partner_api(
        "PUT", ITEM, item_id="mug", item={}, multiValueHeaders={"if-match": ['"1"', '"1"']}
    )

    assert refusal(answer)[0] == "header.If-Match"


def test_a_condition_that_would_not_be_heeded_is_refused(partner_api: Partner) -> None:
    partner_api("POST", "/items", item={"id": "mug"})

    answer = partner_api("DELETE", ITEM, item_id="mug", headers={"If-Match": '"7"'})

    assert refusal(answer) == ("header.If-Match", "is not allowed here")
    assert "mug" in partner_api.items.kept


@settings(max_examples=80)
@given(OTHER_CHARACTERS | st.from_regex(r'"?[0-9]{1,20}"?', fullmatch=True))
def test_whatever_the_condition_an_item_is_replaced_only_when_it_names_the_version(
    condition: str,
) -> None:
    partner_api = Partner()
    partner_api("POST", "/items", item={"id": "mug"})

    answer = put(partner_api, condition)

    assert answer["statusCode"] in (200, 400, 412)
    assert (answer["statusCode"] == 200) is (condition in ("*", '"1"'))


def test_an_item_is_its_keys_and_to_another_key_it_is_not_there(partner_api: Partner) -> None:
    other = {"identity": {"apiKeyId": OTHER_KEY}}
    partner_api("POST", "/items", item={"id": "mug", "name": "Mug"})
    _, never = partner_api("GET", ITEM, item_id="cup", **other)

    for method, more in (
        ("GET", {}),
        ("PUT", {"item": {}}),
        ("PUT", {"item": {}, "headers": {"If-Match": '"1"'}}),
        ("PUT", {"item": {}, "headers": {"If-Match": '"7"'}}),
        ("DELETE", {}),
    ):
        status, body = partner_api(method, ITEM, item_id="mug", **more, **other)
        assert (status, body["error"]["code"]) == (404, "item_not_found")
        # Word for word what is said of an id that nobody has.
        assert body["error"]["message"].replace("mug", "cup") == never["error"]["message"]
    assert partner_api("GET", "/items", **other)[1]["data"] == {"items": [], "cursor": None}
    assert partner_api.owned[KEY].kept["mug"].version == 1


def test_an_id_that_another_key_has_taken_is_free_and_nothing_tells(partner_api: Partner) -> None:
    other = {"identity": {"apiKeyId": OTHER_KEY}}
    partner_api("POST", "/items", item={"id": "mug", "name": "Mug"})

    status, body = partner_api("POST", "/items", item={"id": "mug", "name": "Cup"}, **other)

    assert (status, body["data"]["item"]["name"]) == (201, "Cup")
    assert partner_api("GET", ITEM, item_id="mug")[1]["data"]["item"]["name"] == "Mug"


def test_a_cursor_of_one_key_is_worth_nothing_to_another(partner_api: Partner) -> None:
    for key in (KEY, OTHER_KEY):
        for number in range(3):
            item = {"id": f"mug-{number}"}
            partner_api("POST", "/items", item=item, identity={"apiKeyId": key})
    cursor = partner_api("GET", "/items", query={"limit": ["2"]})[1]["data"]["cursor"]
    query = {"cursor": [cursor]}

    status, body = partner_api("GET", "/items", query=query, identity={"apiKeyId": OTHER_KEY})

    assert (status, body["error"]["code"]) == (400, "invalid_cursor")
    assert partner_api("GET", "/items", query=query)[0] == 200


@pytest.mark.parametrize("identity", [{"apiKeyId": None}, {"apiKeyId": ""}])
@pytest.mark.parametrize(
    ("method", "resource", "more"),
    [
        ("GET", "/items", {}),
        ("POST", "/items", {"item": {}}),
        ("GET", ITEM, {"item_id": "mug"}),
        ("PUT", ITEM, {"item_id": "mug", "item": {}}),
        ("DELETE", ITEM, {"item_id": "mug"}),
    ],
)
def test_without_a_key_that_the_gateway_knows_nobodys_items_are_reached(
    partner_api: Partner, method: str, resource: str, more: Any, identity: Any
) -> None:
    status, body = partner_api(method, resource, identity=identity, **more)

    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert set(partner_api.owned) == {KEY}


def test_pages_lead_from_cursor_to_cursor_to_the_end(partner_api: Partner) -> None:
    for number in range(5):
        partner_api("POST", "/items", item={"id": f"mug-{number}"})

    sizes: list[int] = []
    more: dict[str, list[str]] = {}
    while True:
        data = partner_api("GET", "/items", query={"limit": ["2"], **more})[1]["data"]
        sizes.append(len(data["items"]))
        if data["cursor"] is None:
            break
        more = {"cursor": [data["cursor"]]}

    assert sizes == [2, 2, 1]


def test_a_forged_cursor_is_refused_as_one(partner_api: Partner) -> None:
    status, body = partner_api("GET", "/items", query={"cursor": ["v1.bXVn.c2lnbmF0dXJl"]})

    assert (status, body["error"]["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "field", "problem"),
    [
        ({"limit": ["0"]}, "query.limit", "is less than 1"),
        ({"limit": ["101"]}, "query.limit", "is greater than 100"),
        ({"limit": ["-1"]}, "query.limit", "is not an integer"),
        ({"limit": ["1.0"]}, "query.limit", "is not an integer"),
        ({"limit": [""]}, "query.limit", "is not an integer"),
        ({"limit": ["1" * 10]}, "query.limit", "is not an integer"),
        ({"limit": ["\u0661"]}, "query.limit", "is not an integer"),
        ({"limit": ["1", "2"]}, "query.limit", "is given more than once"),
        ({"cursor": [""]}, "query.cursor", "has too few characters"),
        ({"cursor": ["x\n"]}, "query.cursor", "does not have the form it must have"),
        ({"id": ["mug"]}, "query.id", "is not allowed here"),
        ({"n" * 300: [""]}, "query." + "n" * 250 + "...", "is not allowed here"),
        ({"\ud800": [""]}, "query.?", "is not allowed here"),
    ],
)
def test_a_bad_query_is_told_its_field_and_problem(
    partner_api: Partner, query: Any, field: str, problem: str
) -> None:
    assert refusal(partner_api("GET", "/items", query=query)) == (field, problem)


@pytest.mark.parametrize(
    ("item", "field", "problem"),
    [
        ("", "body", "is not JSON at line 1, column 1: Expecting value"),
        ("[]", "item", "is not an object"),
        ("null", "item", "is not an object"),
        ({"id": ""}, "item.id", "has too few characters"),
        ({"id": "a/b"}, "item.id", "does not have the form it must have"),
        ({"id": None}, "item.id", "is not a string"),
        ({"version": 7}, "item.version", "is not allowed here"),
        ({"": 1}, "item.", "is not allowed here"),
        ('{"a":NaN}', "body", "has NaN, which is not JSON"),
        ('{"a":1,"a":2}', "a", "occurs twice in one object"),
        ('{"a":1e999}', "item.a", "is a number that cannot be kept exactly"),
    ],
)
def test_a_bad_item_is_told_its_field_and_problem(
    partner_api: Partner, item: Any, field: str, problem: str
) -> None:
    assert refusal(partner_api("POST", "/items", item=item)) == (field, problem)
    assert partner_api.items.kept == {}


def test_a_replacement_cannot_give_the_item_another_id(partner_api: Partner) -> None:
    answer = partner_api("PUT", ITEM, item_id="mug", item={"id": "cup"})

    assert refusal(answer) == ("item.id", "is not allowed here")


@settings(max_examples=60)
@given(OTHER_CHARACTERS)
def test_whatever_the_id_in_the_path_it_is_found_missing_or_malformed(item_id: str) -> None:
    status, body = Partner()("GET", ITEM, item_id=item_id)

    assert status in (400, 404)
    if status == 400:
        assert body["error"]["details"][0]["field"] == "path.id"


def test_an_id_that_the_gateway_left_encoded_is_the_same_id(partner_api: Partner) -> None:
    partner_api("POST", "/items", item={"id": "mug:1"})

    assert partner_api("GET", ITEM, item_id="mug%3A1")[0] == 200
    assert partner_api.records[-1]["path"] == "/items/mug:1"


@settings(max_examples=80)
@given(documents)
def test_whatever_json_comes_in_an_answer_in_the_envelope_goes_out(document: Any) -> None:
    partner_api = Partner()

    status, body = partner_api("POST", "/items", item=json.dumps(document))

    assert status in (201, 400)
    assert body["success"] is (status == 201)
    assert bool(partner_api.items.kept) is (status == 201)


@settings(max_examples=30)
@given(attributes)
def test_attributes_that_are_allowed_are_kept_exactly(given_attributes: dict[str, Any]) -> None:
    partner_api = Partner()

    partner_api("POST", "/items", item=exact_json.render({**given_attributes, "id": "mug"}))

    assert partner_api.items.kept["mug"].attributes == given_attributes


def test_a_base64_body_is_the_body(partner_api: Partner) -> None:
    encoded = base64.b64encode(b'{"id":"mug"}').decode()

    assert partner_api("POST", "/items", body=encoded, isBase64Encoded=True)[0] == 201


def test_an_item_of_401_kb_is_too_large_and_not_kept(partner_api: Partner) -> None:
    status, body = partner_api("POST", "/items", item={"a": "x" * 401 * 1024})

    assert (status, body["error"]["code"]) == (413, "item_too_large")
    assert partner_api.items.kept == {}


def test_a_resource_that_the_api_does_not_describe_is_not_found(partner_api: Partner) -> None:
    status, body = partner_api("GET", "/{proxy+}")

    assert (status, body["error"]["code"]) == (404, "not_found")
    assert [record["status"] for record in partner_api.records] == [404]


@pytest.mark.parametrize(
    ("method", "resource", "allowed"),
    [("POST", ITEM, "GET, PUT, DELETE"), ("PATCH", "/items", "GET, POST")],
)
def test_a_method_that_the_api_does_not_describe_is_told_the_others(
    partner_api: Partner, method: str, resource: str, allowed: str
) -> None:
    answer = partner_api.raw(method, resource, headers={"origin": "https://partner.example"})

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, allowed)
    assert json.loads(answer["body"])["error"]["code"] == "method_not_allowed"
    assert answer["headers"]["access-control-allow-origin"] == "https://partner.example"


@pytest.mark.parametrize("origin", ["https://partner.example", "http://localhost:8080"])
@pytest.mark.parametrize("resource", ["/", "/items/{id}"])
def test_an_allowed_origin_is_echoed_in_successes_and_failures(
    partner_api: Partner, origin: str, resource: str
) -> None:
    headers = partner_api.raw("GET", resource, headers={"origin": origin})["headers"]

    assert headers["access-control-allow-origin"] == origin
    assert headers["access-control-allow-credentials"] == "true"
    assert "etag" in headers["access-control-expose-headers"]
    assert headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "https://evil.example",
        "https://partner.example.evil.example",
        "https://partner.example,http://localhost:8080",
        "HTTPS://PARTNER.EXAMPLE",
        "https://partner.example\r\nx-evil: 1",
    ],
)
def test_a_foreign_origin_gets_no_cors_headers(partner_api: Partner, origin: str | None) -> None:
    given_headers = {} if origin is None else {"Origin": origin}

    headers = partner_api.raw("GET", "/", headers=given_headers)["headers"]

    assert not [name for name in headers if name.startswith("access-control-")]
    assert headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("resource", "methods"), [("/", "GET"), ("/items", "GET,POST"), (ITEM, "GET,PUT,DELETE")]
)
def test_a_preflight_tells_a_page_of_an_allowed_origin_what_it_may_do(
    partner_api: Partner, resource: str, methods: str
) -> None:
    answer = partner_api.raw("OPTIONS", resource, headers={"Origin": "https://partner.example"})

    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["access-control-allow-origin"] == "https://partner.example"
    assert answer["headers"]["access-control-allow-credentials"] == "true"
    assert answer["headers"]["access-control-allow-methods"] == methods
    assert answer["headers"]["access-control-allow-headers"] == "content-type,if-match,x-api-key"
    assert answer["headers"]["vary"] == "Origin"


@pytest.mark.parametrize("origin", [None, "null", "*", "https://evil.example"])
def test_a_preflight_tells_any_other_page_nothing(partner_api: Partner, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}

    answer = partner_api.raw("OPTIONS", "/items", headers=headers)

    assert answer == {"statusCode": 204, "headers": {"vary": "Origin"}, "body": ""}


def test_a_preflight_calls_no_service_and_leaves_no_record(partner_api: Partner) -> None:
    partner_api.queue.failure = AssertionError("SQS was called")

    partner_api.raw("OPTIONS", "/items", headers={"origin": "https://partner.example"})

    assert partner_api.records == []


def test_no_origin_is_allowed_when_none_is_configured() -> None:
    assert AllowedOrigins.from_text("").headers("") == {"vary": "Origin"}


@settings(max_examples=60)
@given(st.dictionaries(OTHER_CHARACTERS, OTHER_CHARACTERS, max_size=4))
def test_no_header_of_a_request_shows_in_the_headers_of_its_answer(headers: Any) -> None:
    answer = Partner().raw("GET", "/", headers=headers)

    assert answer["headers"].keys() == {
        "content-type",
        "cache-control",
        "x-content-type-options",
        "x-request-id",
        "vary",
    }


def test_a_request_id_that_the_client_chose_can_break_no_header(partner_api: Partner) -> None:
    answer = partner_api.raw("GET", "/", request_id="a\r\nset-cookie: x\u2028" + "b" * 200)

    expected = "a??set-cookie: x?" + "b" * 111
    assert answer["headers"]["x-request-id"] == expected
    assert json.loads(answer["body"])["request_id"] == expected
    assert partner_api.records[0]["request_id"] == expected


def test_a_dependency_that_is_down_is_a_503_that_browsers_may_read(
    partner_api: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(_: str) -> Any:
        raise fakes.client_error("ThrottlingException")

    monkeypatch.setattr(partner_api.items, "get", throttle)

    answer = partner_api.raw(
        "GET", ITEM, item_id="mug", headers={"origin": "https://partner.example"}
    )

    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "1"
    assert answer["headers"]["access-control-allow-origin"] == "https://partner.example"
    assert partner_api.records[0]["status"] == 503


def test_lambda_is_answered_by_the_api_of_its_environment(
    partner_api: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.give(monkeypatch, handler, partner_api.api)

    response = handler.lambda_handler(rest_event(), None)

    assert json.loads(response["body"])["data"]["api"]["name"] == "TAP partner API"


def test_the_api_on_aws_gives_each_key_its_own_partition_and_cursors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients = {
        "dynamodb": fakes.dynamodb(keys=("owner", "id")),
        "secretsmanager": fakes.SecretsManager(),
        "sqs": Queue(),
    }
    monkeypatch.setattr(aws, "client", lambda name, *_: clients[name])
    api = from_environment(handler.connect, os.environ)

    def call(key: str, *arguments: Any, **more: Any) -> Any:
        answer = api.serve(rest_event(*arguments, identity={"apiKeyId": key}, **more))
        return answer["statusCode"], json.loads(answer["body"]).get("data")

    for key in (KEY, OTHER_KEY):
        for item_id in ("cup", "mug"):
            item = json.dumps({"id": item_id, "of": key})
            assert call(key, "POST", "/items", body=item)[0] == 201
    _, page = call(KEY, "GET", "/items", query={"limit": ["1"]})
    more = {"query": {"cursor": [page["cursor"]]}}

    assert [item["of"] for item in page["items"]] == [KEY]
    assert [item["of"] for item in call(KEY, "GET", "/items", **more)[1]["items"]] == [KEY]
    assert call(OTHER_KEY, "GET", "/items", **more)[0] == 400
