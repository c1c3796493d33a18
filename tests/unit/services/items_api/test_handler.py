"""`POST /api`, from the gateway's event to the answer."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.items_api import handler
from services.items_api.validators import VALIDATORS
from services.shared.http import exact_json, requests
from services.shared.http.errors import InvalidRequest
from tests.unit.services import fakes
from tests.unit.services.fakes.items_api import ItemsApi
from tests.unit.services.fakes.strategies import attributes, documents, keepable_values

DIGEST = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
KEY = "uploads/0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f"
MUG = {"operation": "create", "id": "mug", "item": {"name": "Mug"}}
READ = {"operation": "read", "id": "mug"}
UPLOAD = {
    "operation": "presign_upload",
    "content_type": "text/plain",
    "size": 5,
    "sha256": DIGEST,
}


def refusal(answer: Any) -> Any:
    """Field and problem of an answer that refuses a request."""
    status, body = answer
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    [detail] = body["error"]["details"]
    assert detail["allowed"]
    return detail["field"], detail["problem"]


def test_an_item_is_created_read_updated_listed_and_deleted(api: ItemsApi) -> None:
    status, created = api(MUG)
    assert status == 201
    assert created["success"] is True
    assert created["request_id"] == "a-request"

    assert api(READ)[1]["data"] == created["data"]
    status, updated = api({**READ, "operation": "update", "item": {"n": 1}, "mode": "merge"})
    assert status == 200
    assert updated["data"]["item"].items() >= {"name": "Mug", "n": 1, "version": 2}.items()
    assert api({"operation": "list"})[1]["data"] == {
        "items": [updated["data"]["item"]],
        "cursor": None,
    }
    assert api({**READ, "operation": "delete"})[1]["data"] == updated["data"]
    status, missing = api(READ)
    assert (status, missing["error"]["code"]) == (404, "item_not_found")


def test_an_item_without_an_id_is_given_one(api: ItemsApi) -> None:
    status, created = api({"operation": "create", "item": {}})

    assert status == 201
    assert list(api.items.kept) == [created["data"]["item"]["id"]]


def test_a_create_repeated_with_the_same_id_is_refused_and_changes_nothing(api: ItemsApi) -> None:
    api(MUG)

    status, body = api({**MUG, "item": {"name": "Cup"}})

    assert (status, body["error"]["code"]) == (409, "item_exists")
    assert api(READ)[1]["data"]["item"]["name"] == "Mug"


def test_a_stale_update_is_refused_with_the_current_version(api: ItemsApi) -> None:
    api(MUG)
    update = {**READ, "operation": "update", "item": {}, "expected_version": 1}
    api(update)

    status, body = api(update)

    assert status == 409
    assert body["error"]["code"] == "version_conflict"
    assert body["error"]["details"] == {"current_version": 2}


def test_pages_lead_from_cursor_to_cursor_to_the_end(api: ItemsApi) -> None:
    for number in range(5):
        api({**MUG, "id": f"mug-{number}"})

    sizes, cursor = [], None
    while True:
        given: Any = {"cursor": cursor} if cursor else {}
        data = api({"operation": "list", "limit": 2, **given})[1]["data"]
        sizes.append(len(data["items"]))
        cursor = data["cursor"]
        if cursor is None:
            break

    assert sizes == [2, 2, 1]


def test_a_cursor_is_good_for_its_own_segment_alone(api: ItemsApi) -> None:
    for item_id in ("aa", "bb", "ccc", "ddd"):
        assert api({"operation": "create", "id": item_id, "item": {}})[0] == 201
    page = {"operation": "list", "limit": 1}
    of: dict[int | None, Any] = {2: {"segment": 2}, 3: {"segment": 3}, None: {}}

    for segment, members in of.items():
        cursor = api({**page, **members})[1]["data"]["cursor"]
        for other, others in of.items():
            status, body = api({**page, **others, "cursor": cursor})
            assert (status, body.get("error", {}).get("code")) == (
                (200, None) if other == segment else (400, "invalid_cursor")
            )


def test_a_forged_cursor_is_refused_as_one(api: ItemsApi) -> None:
    status, body = api({"operation": "list", "cursor": "v1.bXVn.c2lnbmF0dXJl"})

    assert (status, body["error"]["code"]) == (400, "invalid_cursor")


def test_files_are_sent_and_fetched_with_presigned_requests(api: ItemsApi) -> None:
    status, body = api(UPLOAD)
    upload = body["data"]["upload"]
    api.files[upload["key"].removeprefix("uploads/")] = b"hello"

    assert status == 200
    assert upload["expires_in"] == 900
    download = {"operation": "presign_download", "key": upload["key"]}
    assert api(download)[1]["data"]["download"]["url"].startswith("https://")
    status, body = api({**download, "key": KEY})
    assert (status, body["error"]["code"]) == (404, "file_not_found")


def test_no_answer_about_the_secret_holds_a_value_of_it(
    api: ItemsApi, secret: fakes.SecretsManager
) -> None:
    status, body = api({"operation": "describe_secret"})

    assert status == 200
    assert body["data"]["secret"]["fields"] == ["password", "username"]
    for value in secret.values["v1"].values():
        assert value not in json.dumps(body)


@pytest.mark.parametrize(
    ("request_", "scope"),
    [
        (MUG, "tap/items.write"),
        (READ, "tap/items.read"),
        ({**READ, "operation": "update", "item": {}}, "tap/items.write"),
        ({**READ, "operation": "delete"}, "tap/items.write"),
        ({"operation": "list"}, "tap/items.read"),
        (UPLOAD, "tap/files.write"),
        ({"operation": "presign_download", "key": KEY}, "tap/items.read"),
        ({"operation": "describe_secret"}, "tap/items.read"),
    ],
)
def test_every_operation_needs_its_own_scope_and_no_other(
    api: ItemsApi, request_: Any, scope: str
) -> None:
    others = [other for other in fakes.EVERY_SCOPE if other != scope]

    assert api(request_, scopes=[scope])[0] != 403
    for scopes in (others, [], None):
        status, body = api(request_, scopes=scopes)
        assert (status, body["error"]["code"]) == (403, "forbidden")
        assert scope in body["error"]["message"]


@pytest.mark.parametrize(
    ("request_", "field", "problem"),
    [
        ("", "body", "is not JSON at line 1, column 1: Expecting value"),
        ([], "body", "is not an object"),
        (None, "body", "is not an object"),
        ({}, "operation", "is missing"),
        ({"operation": None}, "operation", "is not an operation"),
        ({"operation": ["read"]}, "operation", "is not an operation"),
        ({"operation": "drop"}, "operation", "is not an operation"),
        ({"operation": "read"}, "id", "is missing"),
        ({**READ, "id": 1}, "id", "is not a string"),
        ({**READ, "id": ""}, "id", "has too few characters"),
        ({**READ, "id": "a" * 129}, "id", "has too many characters"),
        ({**READ, "id": "mug\n"}, "id", "does not have the form it must have"),
        ({**READ, "id": "mug\0"}, "id", "does not have the form it must have"),
        ({**READ, "extra": 1}, "extra", "is not allowed here"),
        ({**MUG, "item": []}, "item", "is not an object"),
        ({**MUG, "item": {"id": "x"}}, "item.id", "is not allowed here"),
        ({**MUG, "item": {"version": 7}}, "item.version", "is not allowed here"),
        ({**MUG, "item": {"created_at": ""}}, "item.created_at", "is not allowed here"),
        ({**MUG, "item": {"updated_at": ""}}, "item.updated_at", "is not allowed here"),
        ({**MUG, "item": {"a\n": 1}}, "item.a\n", "is not allowed here"),
        ({**MUG, "item": {"": 1}}, "item.", "is not allowed here"),
        ({**MUG, "item": {"a": "\ud800"}}, "item.a", "has half of a surrogate pair at character 0"),
        (
            '{"operation":"create","item":{"a":1e999}}',
            "item.a",
            "is a number that cannot be kept exactly",
        ),
        ({"operation": "list", "limit": 0}, "limit", "is less than 1"),
        ({"operation": "list", "limit": 101}, "limit", "is greater than 100"),
        ({"operation": "list", "limit": True}, "limit", "is not an integer"),
        ({"operation": "list", "limit": 1.5}, "limit", "is not an integer"),
        ({"operation": "list", "limit": "2"}, "limit", "is not an integer"),
        ('{"operation":"list","limit":1e999}', "limit", "is not an integer"),
        ({"operation": "list", "cursor": "ü"}, "cursor", "does not have the form it must have"),
        (
            {**READ, "operation": "update", "item": {}, "mode": "x"},
            "mode",
            "is not one of the allowed values",
        ),
        (
            {**READ, "operation": "update", "item": {}, "expected_version": 0},
            "expected_version",
            "is less than 1",
        ),
        (
            {
                **READ,
                "operation": "update",
                "mode": "merge",
                "item": {f"a{n}": n for n in range(101)},
            },
            "item",
            "has more than 100 fields",
        ),
        (
            {**UPLOAD, "content_type": "text/html"},
            "content_type",
            "is not one of the allowed values",
        ),
        ({**UPLOAD, "size": 104857601}, "size", "is greater than 104857600"),
        ({**UPLOAD, "sha256": DIGEST[:-2] + "R="}, "sha256", "does not have the form it must have"),
        ({**UPLOAD, "expires_in": 901}, "expires_in", "is greater than 900"),
        ({"operation": "presign_download", "key": "uploads/../x"}, "key", "has too few characters"),
    ],
)
def test_a_bad_request_is_told_its_field_and_problem(
    api: ItemsApi, request_: Any, field: str, problem: str
) -> None:
    assert refusal(api(request_)) == (field, problem)
    assert api.items.kept == {}


def test_an_item_of_401_kb_is_too_large_and_not_kept(api: ItemsApi) -> None:
    status, body = api({**MUG, "item": {"a": "x" * 401 * 1024}})

    assert (status, body["error"]["code"]) == (413, "item_too_large")
    assert api.items.kept == {}


def test_nul_and_emoji_come_back_as_they_went_in(api: ItemsApi) -> None:
    text = "\0 \U0001f375 \u2028"

    api({**MUG, "item": {"a": text, "b": {text: [text]}}})

    item = api(READ)[1]["data"]["item"]
    assert (item["a"], item["b"]) == (text, {text: [text]})


def test_numbers_come_back_digit_by_digit(api: ItemsApi) -> None:
    numbers = ["0.1", "12345678901234567890123456789012345678", "-1E-130", "0.30"]
    body = '{"operation":"create","id":"mug","item":{"a":[' + ",".join(numbers) + "]}}"
    api(body)

    response = exact_json.render(api.items.kept["mug"].attributes)

    assert response == '{"a":[0.1,12345678901234567890123456789012345678,-1E-130,0.3]}'


def test_a_base64_body_is_the_body(api: ItemsApi) -> None:
    encoded = base64.b64encode(json.dumps(MUG).encode()).decode()

    assert api(encoded, isBase64Encoded=True)[0] == 201
    assert refusal(api("%", isBase64Encoded=True)) == ("body", "is not base64")


def test_a_request_without_a_body_is_told_so() -> None:
    response = handler.lambda_handler(fakes.http_event("POST /api"), None)

    assert refusal((response["statusCode"], json.loads(response["body"])))[0] == "body"


@settings(max_examples=80)
@given(document=documents, wrapped=st.booleans())
def test_whatever_json_comes_in_an_answer_in_the_envelope_goes_out(
    document: Any, wrapped: bool
) -> None:
    api = ItemsApi(fakes.SecretsManager())

    status, body = api({**MUG, "item": document} if wrapped else document)

    assert status in (201, 400)
    assert body["success"] is (status == 201)
    assert bool(api.items.kept) is (status == 201)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(VALIDATORS)),
    st.dictionaries(
        st.sampled_from(
            ["id", "item", "mode", "limit", "cursor", "key", "size", "sha256", "expires_in", "x"]
        ),
        keepable_values,
    ),
)
def test_a_validator_passes_a_request_or_names_what_is_wrong(operation: str, fields: Any) -> None:
    request = {"operation": operation, **fields}
    try:
        assert VALIDATORS[operation](request) is request
    except InvalidRequest as error:
        detail = fakes.detail(error)
        assert all(detail.values())


@settings(max_examples=30)
@given(attributes)
def test_attributes_that_are_allowed_are_kept_exactly(given_attributes: dict[str, Any]) -> None:
    api = ItemsApi(fakes.SecretsManager())

    status, _ = api(exact_json.render({**MUG, "item": given_attributes}))

    assert status == 201
    assert api.items.kept["mug"].attributes == given_attributes


@pytest.mark.parametrize(
    "error",
    [
        fakes.client_error("ProvisionedThroughputExceededException"),
        fakes.client_error("InternalServerError", 500),
        fakes.client_error("SlowDown", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_dependency_that_is_down_slow_or_throttling_is_a_503_to_try_again(
    error: Exception,
) -> None:
    response = serve_raising(error)

    assert response["statusCode"] == 503
    assert response["headers"]["retry-after"] == "1"
    assert "https://dynamodb" not in response["body"]


@pytest.mark.parametrize(
    "error", [KeyError("a-name"), fakes.client_error("AccessDeniedException", message="a-name")]
)
def test_a_bug_is_a_500_that_says_nothing_of_itself(error: Exception) -> None:
    response = serve_raising(error)

    assert response["statusCode"] == 500
    assert json.loads(response["body"])["error"]["code"] == "internal_error"
    assert "a-name" not in response["body"]


def serve_raising(error: Exception) -> Any:
    def work(_: Any) -> Any:
        raise error

    return requests.serve(fakes.http_event("POST /api"), work)


def test_a_request_leaves_one_log_line_without_its_body(
    api: ItemsApi, capsys: pytest.CaptureFixture[str], log_lines: fakes.LogLines
) -> None:
    api({**MUG, "item": {"secret_word": "xyzzy"}})

    [log] = log_lines()
    output = capsys.readouterr().out + json.dumps(log)
    assert "xyzzy" not in output
    assert "secret_word" not in output
    expected = {"request_id": "a-request", "operation": "create", "status": 201}
    assert log.items() >= expected.items()
    assert log["duration_ms"] > 0


def test_the_answer_carries_the_request_id_in_header_and_body() -> None:
    response = handler.lambda_handler(fakes.http_event("POST /api", body="{"), None)

    assert response["headers"]["x-request-id"] == "a-request"
    assert json.loads(response["body"])["request_id"] == "a-request"


def test_a_number_of_a_list_is_one_whatever_its_form(api: ItemsApi) -> None:
    assert api('{"operation":"list","limit":1.0}')[0] == 200
    assert exact_json.number("2.50") == Decimal("2.5")
