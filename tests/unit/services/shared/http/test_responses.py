"""What an answer holds besides its data: in every API, nothing that nobody listed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.health import handler as health
from services.shared import health as checks
from services.shared.http import requests
from services.shared.http.errors import Conflict, InvalidRequest, NotFound, TooLarge, Unavailable
from services.store_api.cdn import HEADER
from tests.unit.services import fakes
from tests.unit.services.fakes.items_api import ItemsApi
from tests.unit.services.fakes.partner_api import ITEM, Partner
from tests.unit.services.fakes.store_api import Store

LEAK = "host=db.internal password=xyzzy"
COMMON = {"content-type", "cache-control", "x-content-type-options", "x-request-id"}
Fail = Callable[[Exception, pytest.MonkeyPatch], Any]


def items_api(error: Exception, patch: pytest.MonkeyPatch) -> Any:
    api = ItemsApi(fakes.SecretsManager())
    patch.setattr(api.items, "get", raising(error))
    event = fakes.http_event("POST /api", body='{"operation":"read","id":"mug"}')
    return requests.serve(event, api.run)


def partner_api(error: Exception, patch: pytest.MonkeyPatch) -> Any:
    partner = Partner()
    patch.setattr(partner.items, "get", raising(error))
    return partner.raw("GET", ITEM, item_id="mug", headers={"origin": "https://partner.example"})


def store_api(error: Exception, patch: pytest.MonkeyPatch) -> Any:
    store = Store()
    patch.setattr(store.shop, "products", raising(error))
    event = fakes.http_event("GET /api/products") | {"headers": {HEADER: "the-cdns-key"}}
    return requests.serve(event, store.run)


def health_api(error: Exception, patch: pytest.MonkeyPatch) -> Any:
    patch.setattr(checks, "run", raising(error))
    return health.lambda_handler(fakes.http_event("GET /health/details"), None)


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


HEADERS: dict[Fail, set[str]] = {
    items_api: COMMON,
    store_api: COMMON,
    health_api: COMMON,
    partner_api: COMMON
    | {
        "vary",
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    },
}
every_api = pytest.mark.parametrize("fail", HEADERS)


@every_api
@pytest.mark.parametrize("error", [RuntimeError(LEAK), KeyError(LEAK), ValueError(LEAK, LEAK)])
def test_a_bug_shows_in_no_part_of_its_answer(
    fail: Fail, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = fail(error, monkeypatch)

    assert answer.keys() == {"statusCode", "headers", "body"}
    assert answer["statusCode"] == 500
    assert answer["headers"].keys() == HEADERS[fail]
    body = json.loads(answer["body"])
    assert body.keys() - {"stage"} == {"success", "error", "timestamp", "request_id"}
    assert body["error"].keys() == {"code", "message"}
    for word in LEAK.split():
        assert word not in json.dumps(answer)
    assert type(error).__name__ not in json.dumps(answer)


@every_api
@pytest.mark.parametrize("kind", [InvalidRequest, NotFound, Conflict, TooLarge])
def test_a_refusal_has_the_headers_of_a_success(
    fail: Fail, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "code", "a_code", raising=False)

    answer = fail(kind("a message", [{"field": "f", "problem": LEAK}]), monkeypatch)

    assert answer.keys() == {"statusCode", "headers", "body"}
    assert answer["headers"].keys() == HEADERS[fail]
    assert LEAK not in json.dumps(answer["headers"])


@every_api
@pytest.mark.parametrize(
    "error",
    [Unavailable(), fakes.client_error("ThrottlingException", message=LEAK)],
)
def test_an_outage_adds_when_to_come_again_and_nothing_of_what_failed(
    fail: Fail, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = fail(error, monkeypatch)

    assert answer["statusCode"] == 503
    assert answer["headers"].keys() == HEADERS[fail] | {"retry-after"}
    assert LEAK not in json.dumps(answer)
