"""Every method of the partner API, and what it says to requests that it cannot serve."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.deployment import Deployment
from tests.lists import SEGMENTS, make_old
from tests.partner import PartnerApi

Item = dict[str, Any]


@pytest.fixture
def new_item(partner: PartnerApi) -> Iterator[Callable[..., Item]]:
    """Creates items of the given attributes under new ids, and deletes them after the test."""
    made = []

    def create(**attributes: Any) -> Item:
        made.append(f"test-{uuid.uuid4()}")
        answer = partner.call("POST", "/items", item={"id": made[-1], **attributes})
        found: Item = answer.data["item"]
        return found

    yield create
    for item_id in made:
        assert partner.call("DELETE", f"/items/{item_id}").status in (200, 404)


def test_the_api_tells_what_it_is(partner: PartnerApi) -> None:
    told = partner.call("GET", "/").data["api"]

    assert told["name"] == "TAP partner API"
    assert {(each["method"], each["path"]) for each in told["operations"]} == {
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/items"),
        ("POST", "/items"),
        ("GET", "/items/{id}"),
        ("PUT", "/items/{id}"),
        ("DELETE", "/items/{id}"),
    }


def test_an_item_is_created_read_replaced_and_deleted(partner: PartnerApi) -> None:
    item_id = f"test-{uuid.uuid4()}"
    created = partner.call("POST", "/items", item={"id": item_id, "name": "Mug", "price": 12.5})
    assert (created.status, created.headers["etag"]) == (201, '"1"')
    assert created.data["item"]["price"] == 12.5

    read = partner.call("GET", f"/items/{item_id}")
    assert (read.status, read.data) == (200, created.data)
    replaced = partner.call("PUT", f"/items/{item_id}", item={"name": "Cup"})
    assert (replaced.status, replaced.headers["etag"]) == (200, '"2"')
    assert "price" not in replaced.data["item"]
    assert partner.call("GET", f"/items/{item_id}").data == replaced.data
    assert partner.call("DELETE", f"/items/{item_id}").data == replaced.data
    assert partner.call("GET", f"/items/{item_id}").status == 404


def test_every_answer_says_which_request_and_stage_it_is_of(partner: PartnerApi) -> None:
    for answer in (partner.call("GET", "/"), partner.call("GET", "/items/none")):
        assert answer.body["request_id"] == answer.headers["x-request-id"]
        assert answer.body["stage"] == "prod"
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_there_is_a_404(partner: PartnerApi, method: str) -> None:
    item: Item | None = {} if method == "PUT" else None

    answer = partner.call(method, f"/items/none-{uuid.uuid4()}", item=item)

    assert (answer.status, answer.error["code"]) == (404, "item_not_found")


def test_a_create_repeated_with_its_id_is_refused_and_changes_nothing(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    item = new_item(name="Mug")

    answer = partner.call("POST", "/items", item={"id": item["id"], "name": "Cup"})

    assert (answer.status, answer.error["code"]) == (409, "item_exists")
    assert partner.call("GET", f"/items/{item['id']}").data["item"] == item


def test_the_etag_is_the_condition_of_a_replacement(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    path = f"/items/{new_item(n=0)['id']}"
    etag = partner.call("GET", path).headers["etag"]

    first = partner.call("PUT", path, item={"n": 1}, headers={"if-match": etag})
    late = partner.call("PUT", path, item={"n": 2}, headers={"if-match": etag})

    assert (first.status, first.headers["etag"]) == (200, '"2"')
    assert (late.status, late.error["code"]) == (412, "version_conflict")
    assert late.error["details"] == {"current_version": 2}
    assert partner.call("GET", path).data["item"]["n"] == 1


def test_of_many_replacements_of_one_version_one_succeeds(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    path = f"/items/{new_item()['id']}"

    with ThreadPoolExecutor(12) as clients:
        answers = list(
            clients.map(
                lambda n: partner.call("PUT", path, item={"n": n}, headers={"if-match": '"1"'}),
                range(12),
            )
        )

    [won] = [answer for answer in answers if answer.status == 200]
    assert {answer.status for answer in answers} == {200, 412}
    assert partner.call("GET", path).data == won.data


@pytest.mark.parametrize("condition", ["1", '"0"', 'W/"1"', '"1", "2"', "mug"])
def test_a_malformed_condition_is_refused(
    partner: PartnerApi, new_item: Callable[..., Item], condition: str
) -> None:
    path = f"/items/{new_item()['id']}"

    answer = partner.call("PUT", path, item={}, headers={"if-match": condition})

    assert (answer.status, answer.fields) == (400, ["header.If-Match"])
    assert partner.call("GET", path).data["item"]["version"] == 1


def test_a_condition_that_would_not_be_heeded_is_refused(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    path = f"/items/{new_item()['id']}"

    answer = partner.call("DELETE", path, headers={"if-match": '"7"'})

    assert (answer.status, answer.fields) == (400, ["header.If-Match"])
    assert partner.call("GET", path).status == 200


def _listed(partner: PartnerApi, query: str = "") -> list[str]:
    """The ids of every item that a list gives, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        data = partner.call("GET", f"/items?limit=2{query}{cursor}").data
        assert len(data["items"]) <= 2
        found += [item["id"] for item in data["items"]]
        if data["cursor"] is None:
            return found
        cursor = f"&cursor={data['cursor']}"


def test_pages_lead_to_every_item(partner: PartnerApi, new_item: Callable[..., Item]) -> None:
    wanted = {new_item(n=number)["id"] for number in range(5)}

    assert wanted <= set(_listed(partner))


def test_a_list_is_in_the_order_of_creation(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    _listed(partner)  # to the end: from then on every item has its place
    made = [new_item(n=number)["id"] for number in range(7)]

    assert [item_id for item_id in _listed(partner) if item_id in made] == made


def test_the_segments_of_a_list_are_the_list(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    made = {new_item(n=number)["id"] for number in range(9)}

    segments = [_listed(partner, f"&segment={segment}") for segment in SEGMENTS]

    together = [item_id for segment in segments for item_id in segment]
    assert made <= set(together)
    assert len(together) == len(set(together))


def test_a_cursor_of_a_segment_opens_no_other(
    partner: PartnerApi, new_item: Callable[..., Item]
) -> None:
    while not (cursor := partner.call("GET", "/items?limit=1&segment=0").data["cursor"]):
        new_item()

    for query, status in (("&segment=0", 200), ("&segment=1", 400), ("", 400)):
        assert partner.call("GET", f"/items?cursor={cursor}{query}").status == status, query


def test_a_list_of_items_older_than_its_index_has_them_all_and_brings_them_in_order(
    partner: PartnerApi, new_item: Callable[..., Item], deployment: Deployment
) -> None:
    ids = [new_item(n=number)["id"] for number in range(7)]
    owner = partner.outputs["ApiKeyId"]
    make_old(deployment, partner.outputs["DynamoDBTableName"], ids, owner)

    assert set(ids) <= set(_listed(partner))
    assert [item_id for item_id in _listed(partner) if item_id in ids] == ids


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=101", "query.limit"),
        ("limit=x", "query.limit"),
        ("limit=1&limit=2", "query.limit"),
        ("segment=8", "query.segment"),
        ("segment=-1", "query.segment"),
        ("segment=x", "query.segment"),
        ("segment=1&segment=1", "query.segment"),
        ("colour=blue", "query.colour"),
    ],
)
def test_a_bad_query_is_refused_by_field(partner: PartnerApi, query: str, field: str) -> None:
    answer = partner.call("GET", f"/items?{query}")

    assert (answer.status, answer.fields) == (400, [field])


def test_a_forged_cursor_is_refused(partner: PartnerApi) -> None:
    answer = partner.call("GET", "/items?cursor=forged")

    assert (answer.status, answer.error["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("item_id", ["-mug", "a%20b", "a%0Ab", "a%00", "%C3%A9", "x" * 129, "a%25"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_id_that_no_item_can_have_is_refused(
    partner: PartnerApi, method: str, item_id: str
) -> None:
    answer = partner.call(method, f"/items/{item_id}", item={} if method == "PUT" else None)

    assert (answer.status, answer.fields) == (400, ["path.id"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"a": NaN}', 400),
        (b'{"a": 1, "a": 2}', 400),
        (b'{"a": "\\ud800"}', 400),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", 400),
        (b'{"a": 1e400}', 400),
        (b'{"a": "' + b"x" * 410_000 + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_kept_is_refused_with_the_reason(
    partner: PartnerApi, body: bytes, status: int
) -> None:
    answer = partner.call("POST", "/items", item=body)

    assert answer.status == status, answer.text
    assert answer.error["message"]
    assert answer.body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"id": 1}',
        b'{"id": ""}',
        b'{"version": 1}',
        json.dumps({"1st": 1}).encode(),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_body_that_is_not_as_described_is_refused(
    partner: PartnerApi, body: bytes, content_type: str
) -> None:
    answer = partner.call("POST", "/items", item=body, headers={"content-type": content_type})

    assert answer.status in (400, 415), answer.text
    assert answer.error["code"] == "invalid_request"
    assert answer.body["request_id"] == answer.headers["x-request-id"]
