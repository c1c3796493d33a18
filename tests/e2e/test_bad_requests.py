"""A request that breaks a rule is told which, and stores nothing."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api import Answer, Api
from tests.deployment import Deployment


@dataclass(frozen=True)
class Bad:
    """A request, and what it is told: the field at fault and a word of the problem."""

    name: str
    request: Any
    field: str
    problem: str
    status: int = 400


def _create(item: str, **members: str) -> bytes:
    """A create request of raw JSON."""
    others = "".join(f',"{name}":{value}' for name, value in members.items())
    return f'{{"operation":"create","item":{item}{others}}}'.encode()


def _nested(levels: int) -> bytes:
    """A create request whose item nests that many levels below itself."""
    return _create('{"a":' + "[" * levels + "]" * levels + "}")


BAD = [
    Bad("no body", b"", "body", "is not JSON"),
    Bad("malformed JSON", b'{"operation":', "body", "is not JSON"),
    Bad("two documents", b'{"operation":"list"}{}', "body", "is not JSON"),
    Bad("invalid UTF-8", b'{"operation":"\xff"}', "", "is not"),
    Bad("NaN", _create('{"a":NaN}'), "body", "NaN"),
    Bad("Infinity", _create('{"a":-Infinity}'), "body", "-Infinity"),
    Bad("a control character", _create('{"a":"\n"}'), "body", "is not JSON"),
    Bad("an array", b"[]", "body", "is not an object"),
    Bad("a string", b'"list"', "body", "is not an object"),
    Bad("null", b"null", "body", "is not an object"),
    Bad("a name twice", _create('{"a":1,"a":2}'), "a", "occurs twice"),
    Bad("no operation", b"{}", "operation", "is missing"),
    Bad("an unknown operation", {"operation": "drop"}, "operation", "is not an operation"),
    Bad("an operation of another type", {"operation": ["list"]}, "operation", "is not an"),
    Bad("no item", {"operation": "create"}, "item", "is missing"),
    Bad("an item that is an array", _create("[]"), "item", "object"),
    Bad("an id of another type", _create("{}", id="7"), "id", "string"),
    Bad("an empty id", _create("{}", id='""'), "id", ""),
    Bad("an id of too many characters", _create("{}", id=f'"{"a" * 129}"'), "id", ""),
    Bad("an id with a slash", _create("{}", id='"a/b"'), "id", ""),
    Bad("a surplus member", _create("{}", owner='"me"'), "owner", ""),
    Bad("a name that the server keeps", _create('{"version":7}'), "item.version", ""),
    Bad("a name with a NUL", _create('{"a\\u0000":1}'), "item.a\x00", ""),
    Bad("an empty name", _create('{"":1}'), "item.", ""),
    Bad("an empty name inside", _create('{"a":{"":1}}'), "item.a", "empty name"),
    Bad("half of a surrogate pair", _create('{"a":["\\ud800"]}'), "item.a[0]", "surrogate"),
    Bad("a number of 39 digits", _create('{"a":' + "1" * 39 + "}"), "item.a", "exactly"),
    Bad("a number too large", _create('{"a":{"b":1e126}}'), "item.a.b", "exactly"),
    Bad("33 levels", _nested(32), "item", "nested"),
    Bad("5,000 levels", _nested(5000), "", "nested"),
    Bad("401 KB", _create(json.dumps({"a": "x" * 401 * 1024})), "item", "more", 413),
    Bad("a limit of 0", {"operation": "list", "limit": 0}, "limit", ""),
    Bad("a limit of 101", {"operation": "list", "limit": 101}, "limit", ""),
    Bad("a limit that is true", {"operation": "list", "limit": True}, "limit", "integer"),
    Bad("a limit that is text", {"operation": "list", "limit": "5"}, "limit", "integer"),
    Bad("a segment below 0", {"operation": "list", "segment": -1}, "segment", "less than 0"),
    Bad("a segment of 8", {"operation": "list", "segment": 8}, "segment", "greater than 7"),
    Bad("a segment that is text", {"operation": "list", "segment": "1"}, "segment", "integer"),
    Bad("a segment that is true", {"operation": "list", "segment": True}, "segment", "integer"),
    Bad(
        "another mode",
        {"operation": "update", "id": "a", "item": {}, "mode": "append"},
        "mode",
        "",
    ),
    Bad(
        "version 0",
        {"operation": "update", "id": "a", "item": {}, "expected_version": 0},
        "expected_version",
        "",
    ),
    Bad(
        "101 merged attributes",
        {
            "operation": "update",
            "id": "a",
            "mode": "merge",
            "item": {f"a{n}": n for n in range(101)},
        },
        "item",
        "",
    ),
    Bad(
        "an upload of a page",
        {"operation": "presign_upload", "content_type": "text/html", "size": 1, "sha256": "x"},
        "content_type",
        "",
    ),
    Bad(
        "a download of another prefix",
        {"operation": "presign_download", "key": "private/0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f"},
        "key",
        "",
    ),
    Bad(
        "a download out of the prefix",
        {"operation": "presign_download", "key": "uploads/../0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4"},
        "key",
        "",
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_request_is_told_why_and_stores_nothing(
    api: Api, stored: Callable[[], Any], bad: Bad
) -> None:
    before = stored()

    answer = api.post(bad.request)

    assert answer.status == bad.status, answer.text
    assert answer.error["code"] == {400: "invalid_request", 413: "item_too_large"}[bad.status]
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    detail = answer.error["details"][0]
    assert detail["field"].startswith(bad.field)
    assert bad.problem in detail["problem"]
    assert detail["problem"]
    assert detail["allowed"]
    assert stored() == before


def test_an_item_of_400_kilobytes_is_stored(new_item: Callable[..., Any]) -> None:
    text = "x" * (409_600 - 300)

    assert new_item(text=text)["text"] == text


def test_32_levels_are_stored(api: Api) -> None:
    answer = api.post(_nested(31))

    assert answer.status == 201, answer.text
    api.call("delete", id=answer.data["item"]["id"])


@pytest.fixture
def cursor(api: Api, new_item: Callable[..., Any]) -> str:
    """A good cursor."""
    new_item()
    new_item()
    found: str = api.call("list", limit=1).data["cursor"]
    return found


def test_a_cursor_of_ours_is_taken(api: Api, cursor: str) -> None:
    assert api.call("list", cursor=cursor).status == 200


def test_a_cursor_is_good_for_its_own_segment_alone(api: Api, new_item: Callable[..., Any]) -> None:
    of: dict[int | None, str] = {}
    for segment in (None, 0, 1):
        while not (found := _page(api, segment, limit=1).data["cursor"]):
            new_item()
        of[segment] = found

    for segment, cursor in of.items():
        for other in of:
            answer = _page(api, other, cursor=cursor)
            assert (answer.status == 200) is (other == segment), (segment, other)


def _page(api: Api, segment: int | None, **members: Any) -> Answer:
    return api.call("list", **members, **({} if segment is None else {"segment": segment}))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_cursor_with_a_changed_part_is_refused(api: Api, cursor: str, part: int) -> None:
    parts = cursor.split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]

    _is_refused(api, ".".join(parts))


@pytest.mark.parametrize("forged", ["x", "a.b", "a.b.c", "..", "a.b.c.d"])
def test_a_forged_cursor_is_refused(api: Api, forged: str) -> None:
    _is_refused(api, forged)


def test_a_cursor_signed_without_the_secret_is_refused(api: Api, cursor: str) -> None:
    key_id, _, signature = cursor.split(".")
    other_id = base64.urlsafe_b64encode(b"another-item").rstrip(b"=").decode()

    _is_refused(api, f"{key_id}.{other_id}.{signature}")


@pytest.fixture
def with_another_table(deployment: Deployment) -> Iterator[None]:
    """The API function reads another table, an empty one, until the test is over."""
    functions = deployment.client("lambda")
    tables = deployment.client("dynamodb")
    name = deployment.outputs["ApiFunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    other = f"{variables['ITEMS_TABLE_NAME']}-other"
    tables.create_table(
        TableName=other,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    try:
        tables.get_waiter("table_exists").wait(TableName=other)
        _set_variables(functions, name, variables | {"ITEMS_TABLE_NAME": other})
        yield
    finally:
        _set_variables(functions, name, variables)
        tables.delete_table(TableName=other)


def test_a_cursor_of_another_table_is_refused(
    api: Api, cursor: str, with_another_table: None
) -> None:
    del with_another_table

    _is_refused(api, cursor)


def _set_variables(functions: Any, name: str, variables: dict[str, str]) -> None:
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def _is_refused(api: Api, cursor: str) -> None:
    answer = api.call("list", cursor=cursor)

    assert answer.status == 400, answer.text
    assert answer.error["code"] in ("invalid_cursor", "invalid_request")
    assert answer.fields == ["cursor"]
