"""What the store refuses, and what its CDN lets nobody do."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.deployment import Deployment
from tests.store import NewProduct, Store, key

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
TOLD_BY_S3 = "x-amz-server-side-encryption"
ONE_MUG = {"lines": [{"sku": "MUG", "quantity": 1}]}


@pytest.mark.parametrize("path", ["/", "/404.html", "/images/mug.svg", "/api/products"])
def test_every_answer_has_the_security_headers(store: Store, path: str) -> None:
    answer = store.get(path)

    assert answer.status == 200
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert not [name for name in answer.headers if name.lower().startswith(TOLD_BY_S3)]


def test_the_shelf_is_listed_and_no_browser_keeps_it(store: Store) -> None:
    answer = store.get("/api/products")

    assert answer.headers["cache-control"] == "max-age=0, s-maxage=5"
    assert "MUG" in {product["sku"] for product in answer.data["products"]}


def test_a_cursor_leads_on_from_page_to_page(store: Store) -> None:
    first = store.get("/api/products?limit=1").data
    second = store.get(f"/api/products?limit=1&cursor={first['cursor']}").data

    both = store.get("/api/products?limit=2").data
    assert both["products"] == first["products"] + second["products"]
    assert both["cursor"] == second["cursor"]


def test_what_a_visitor_adds_to_the_address_of_the_shelf_does_not_reach_the_api(
    store: Store,
) -> None:
    """An answer about it would be cached for the next visitor, who added nothing."""
    plain, sent = store.get("/api/products?limit=1"), {"cookie": "a=b", "idempotency-key": "no"}

    answer = store.request("GET", "/api/products?limit=1&page=2", headers=sent)

    assert answer.status == 200
    assert answer.data == plain.data
    assert store.get("/api/products?limit=0").status == 400


@pytest.mark.embedded
def test_more_than_is_left_is_refused_with_the_facts(store: Store, new_product: NewProduct) -> None:
    plenty, few = new_product(9), new_product(1)

    answer = store.place({plenty: 1, few: 2})

    assert answer.status == 409
    assert answer.error["code"] == "out_of_stock"
    assert answer.error["details"] == {"sku": few, "wanted": 2, "left": 1}
    assert store.get(f"/api/products/{plenty}").data["product"]["stock"] == 9


@pytest.mark.embedded
def test_a_key_is_one_order_and_another_cart_needs_another(
    store: Store, new_product: NewProduct
) -> None:
    sku, order_key = new_product(9), key()
    placed, repeated = store.place({sku: 2}, order_key), store.place({sku: 2}, order_key)

    other = store.place({sku: 3}, order_key)

    assert (placed.status, repeated.status, other.status) == (201, 200, 409)
    assert repeated.data["order"] == placed.data["order"]
    assert other.error["code"] == "idempotency_conflict"
    assert store.get(f"/api/products/{sku}").data["product"]["stock"] == 7


@pytest.mark.parametrize(
    "order",
    [
        b"",
        b"{",
        [],
        {},
        {"lines": []},
        {"lines": [{"sku": "MUG"}]},
        {"lines": [{"sku": "MUG", "quantity": 0}]},
        {"lines": [{"sku": "MUG", "quantity": 100}]},
        {"lines": [{"sku": "MUG", "quantity": 1.5}]},
        {"lines": [{"sku": "MUG", "quantity": "1"}]},
        {"lines": [{"sku": "MUG' OR '1'='1", "quantity": 1}]},
        {"lines": [{"sku": "MUG", "quantity": 1, "price": 1}]},
        {"lines": [{"sku": "MUG", "quantity": 1}] * 2},
        {**ONE_MUG, "total": 0},
    ],
)
def test_a_bad_order_is_refused(store: Store, order: Any) -> None:
    answer = store.place(order)

    assert answer.status == 400, answer.text
    assert answer.error["code"] == "invalid_request"


@pytest.mark.parametrize("order_key", ["short", "x" * 65, "'; DROP TABLE store.orders; --"])
def test_a_bad_key_is_refused(store: Store, order_key: str) -> None:
    assert store.place({"MUG": 1}, order_key).status == 400


def test_an_order_without_a_key_is_refused(store: Store) -> None:
    sent = {"content-type": "application/json"}
    body = json.dumps(ONE_MUG).encode()

    assert store.request("POST", "/api/orders", body=body, headers=sent).status == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/products/NONE-OF-THEM", 404),
        ("/api/products/MUG'%20OR%20'1'='1", 400),
        ("/api/orders/00000000-0000-4000-8000-000000000000", 404),
        ("/api/orders/1%3B%20SELECT%201", 400),
        ("/api/orders", 404),
    ],
)
def test_what_is_not_there_is_not_found_and_told_in_json(
    store: Store, path: str, status: int
) -> None:
    answer = store.get(path)

    assert answer.status == status
    assert isinstance(answer.body, dict)


@pytest.mark.parametrize("path", ["/nosuch", "/a/b/c.html", "/favicon.ico", "/API/products"])
def test_a_mistyped_address_is_a_page_of_the_store_and_tells_nothing_of_s3(
    deployment: Deployment, store: Store, path: str
) -> None:
    answer = store.get(path)

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text == store.get("/404.html").text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    told = answer.text + str(answer.headers)
    assert deployment.store_outputs["AssetsBucketName"] not in told
    assert "AccessDenied" not in told


def test_the_store_is_healthy_and_nobody_caches_that(store: Store) -> None:
    answer = store.get("/api/health")

    assert answer.data == {"status": "up"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.fixture
def past_the_cdn(deployment: Deployment) -> Iterator[Callable[..., Any]]:
    """Sends a request to the API at its own address, of which the CDN has no part."""
    api_id = deployment.store_outputs["HttpApiId"]
    host = f"{api_id}.execute-api.{deployment.region}.amazonaws.com"
    base, name = f"https://{host}", {}
    if deployment.endpoint:
        base, name = deployment.endpoint, {"host": f"{api_id}.execute-api.localhost"}
    with urllib3.PoolManager(ca_certs=deployment.ca_bundle, retries=False) as pool:

        def send(method: str, path: str, **headers: str) -> Any:
            sent = {"content-type": "application/json", "idempotency-key": key()} | headers
            body = json.dumps(ONE_MUG).encode() if method == "POST" else None
            return pool.request(method, base + path, body=body, headers=sent | name)

        yield send


@pytest.mark.parametrize("given", [{}, {"x-origin-verify": ""}, {"x-origin-verify": "k" * 64}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/products"),
        ("GET", "/api/products/MUG"),
        ("POST", "/api/orders"),
        ("GET", "/api/orders/00000000-0000-4000-8000-000000000000"),
        ("GET", "/api/health"),
    ],
)
def test_the_api_answers_403_at_its_own_address(
    store: Store, past_the_cdn: Callable[..., Any], method: str, path: str, given: dict[str, str]
) -> None:
    before = store.get("/api/products/MUG").data

    answer = past_the_cdn(method, path, **given)

    assert answer.status == 403
    assert json.loads(answer.data)["error"]["code"] == "forbidden"
    assert store.get("/api/products/MUG").data == before


def test_what_a_visitor_sends_as_the_cdns_key_does_not_count(store: Store) -> None:
    answer = store.request("GET", "/api/products", headers={"x-origin-verify": "a guess"})

    assert answer.status == 200


@pytest.mark.embedded
def test_the_cdns_key_can_be_replaced_without_an_outage(
    deployment: Deployment, store: Store, past_the_cdn: Callable[..., Any]
) -> None:
    secrets, arn = (
        deployment.client("secretsmanager"),
        deployment.store_outputs["OriginKeySecretArn"],
    )
    old = secrets.get_secret_value(SecretId=arn)["SecretString"]
    new = secrets.get_random_password(PasswordLength=64, ExcludePunctuation=True)["RandomPassword"]

    secrets.put_secret_value(SecretId=arn, SecretString=new)
    try:
        # The CDN still sends the old one; the new one counts once the function looks again.
        eventually(lambda: past_the_cdn("GET", "/api/health", **{"x-origin-verify": new}).status)
        assert store.get("/api/products").status == 200
    finally:
        secrets.put_secret_value(SecretId=arn, SecretString=old)


def eventually(status: Callable[[], int]) -> None:
    """Wait until it is 200, for as long as a guess has to wait."""
    deadline = time.monotonic() + 30
    while status() != 200:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_what_is_not_sold_cannot_be_ordered(store: Store) -> None:
    answer = store.place({"NONE-OF-THEM": 1})

    assert (answer.status, answer.error["code"]) == (404, "product_not_found")


@pytest.fixture
def stranger(deployment: Deployment) -> Iterator[Callable[[], Any]]:
    """Gives S3 as a user of this account who may do nothing sees it."""
    iam, name = deployment.client("iam"), "tap-store-stranger"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]

    def s3() -> Any:
        return botocore.session.get_session().create_client(
            "s3",
            region_name=deployment.region,
            endpoint_url=deployment.endpoint,
            verify=deployment.ca_bundle or True,
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
        )

    yield s3
    iam.delete_access_key(UserName=name, AccessKeyId=made["AccessKeyId"])
    iam.delete_user(UserName=name)


def _refused(s3: Any, bucket: str) -> None:
    for call, arguments in (
        (s3.get_object, {"Key": "index.html"}),
        (s3.list_objects_v2, {}),
        (s3.put_object, {"Key": "index.html", "Body": b"mine"}),
    ):
        with pytest.raises(ClientError) as refusal:
            call(Bucket=bucket, **arguments)
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.embedded
def test_the_bucket_refuses_whoever_may_nothing(
    deployment: Deployment, stranger: Callable[[], Any]
) -> None:
    _refused(stranger(), deployment.store_outputs["AssetsBucketName"])


def test_the_bucket_refuses_the_anonymous_and_the_cdn_serves_them(
    deployment: Deployment, store: Store
) -> None:
    anonymous = botocore.session.get_session().create_client(
        "s3",
        region_name=deployment.region,
        endpoint_url=deployment.endpoint,
        verify=deployment.ca_bundle or True,
        config=Config(signature_version=UNSIGNED),
    )

    _refused(anonymous, deployment.store_outputs["AssetsBucketName"])
    assert store.get("/index.html").text.startswith("<!doctype html>")


def test_plain_http_is_redirected_for_pages_and_refused_for_the_api(
    deployment: Deployment, store: Store
) -> None:
    cdn = str(urlsplit(deployment.store_outputs["StoreUrl"]).hostname)
    if deployment.home:
        # The front door speaks for browsers over HTTPS; under its own name, the CDN for itself.
        base, cdn = deployment.store_url, cdn.replace(".net", ".localhost")
    else:
        base = f"http://{cdn}"

    page = store.pool.request("GET", f"{base}/index.html", headers={"host": cdn}, redirect=False)
    order = store.pool.request("POST", f"{base}/api/orders", headers={"host": cdn}, redirect=False)

    assert (page.status, order.status) == (301, 403)
    assert page.headers["location"] == f"https://{cdn}/index.html"
