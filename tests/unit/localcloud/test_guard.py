"""The outermost layer of both ports; what only a deployment shows is in tests/security."""

import asyncio
from typing import Any

import pytest

from localcloud.asgi import Refused
from localcloud.guard import Guard, check_form, is_for_deployment, is_from_page

API, CDN, BUCKET = "0a1b2c3d", "d1234", "/bucket/key"


class Deployed(Any):
    """One API, one distribution and one bucket."""

    def has(self, address):
        return (address.kind, address.id) in (("execute-api", API), ("cloudfront", CDN))

    def is_for_bucket(self, scope):
        return scope["path"] == BUCKET


def request(path="/", query=b"", method="GET", **sent):
    named = {"host": "127.0.0.1:4566"} | {name.replace("_", "-"): v for name, v in sent.items()}
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
    }


def answered(scope, *, aws_api=True, headers=()):
    """The messages that a request is answered with; what serves it says 200 with these headers."""
    sent = []

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})

    async def receive():
        raise AssertionError("nothing is read before a request is let in")

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(app, Deployed(), aws_api=aws_api)(scope, receive, send))
    return sent


def status_of(scope, *, aws_api=True):
    """The status that a request gets, 200 when it passes."""
    return answered(scope, aws_api=aws_api)[0]["status"]


def headers_of(scope, headers):
    """What is left of the headers of an answer."""
    return dict(answered(scope, headers=headers)[0]["headers"])


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:4566", "127.0.0.1", "[::1]:4566", "bucket.s3.localhost:1"]
)
def test_every_local_name_is_answered(host):
    assert status_of(request(host=host)) == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "localhost:x", "::1"],
)
def test_a_foreign_name_for_this_machine_is_refused(host):
    assert status_of(request(host=host)) == 403


@pytest.mark.parametrize("aws_api", [True, False])
@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (f"{API}.execute-api.localhost:1", "/", 200),
        (f"{CDN}.cloudfront.localhost:1", "/_ministack/health", 200),
        ("localhost", f"/_aws/execute-api/{API}/prod/\n", 200),
        ("0000dead.execute-api.localhost", "/", 404),
        (f"x.{API}.execute-api.localhost", "/", 404),
        (f"{API}.execute-api.x.localhost", "/", 404),
        ("d0.cloudfront.localhost", "/", 404),
        (f"{CDN}.cloudfront.net.localhost", "/", 404),
        (f"{CDN}.cloudfront.localhost.cloudfront.localhost", "/", 404),
        ("localhost", "/_aws/execute-api/0000dead/prod/", 404),
        ("localhost", "/_aws/execute-api", 404),
        ("localhost", f"/restapis/{API}/prod/_user_request_/items", 404),
    ],
)
def test_only_what_is_deployed_is_passed_on_to(host, path, status, aws_api):
    assert status_of(request(path, host=host), aws_api=aws_api) == status


@pytest.mark.parametrize("path", ["/", "/bucket/_aws/execute-api/x", "/restapis/x/stages"])
def test_other_requests_are_for_no_deployment(path):
    assert not is_for_deployment(request(path))


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_MiniStack/health", "/_localstack/init", "/health"]
)
def test_the_emulators_administration_is_closed(path):
    assert status_of(request(path)) == 403


@pytest.mark.parametrize(
    "name", [b"Host", b"host", b"Authorization", b"X-Amz-Target", b"origin", b"content-type"]
)
def test_a_header_that_says_who_or_what_may_not_be_there_twice(name):
    scope = request(authorization="x", x_amz_target="x", origin="x", content_type="x")
    scope["headers"].append((name, b"x"))

    with pytest.raises(Refused, match="more than once"):
        check_form(scope)


def test_any_other_header_may_be_there_twice():
    scope = request(accept="a")
    scope["headers"].append((b"accept", b"b"))

    check_form(scope)


@pytest.mark.parametrize(
    "query",
    [
        b"X-Amz-Credential=a&X-Amz-Credential=b",
        b"X-Amz-Credential=a&x-amz-credential=b",
        b"X-Amz-Credential=a&X%2DAmz-Credential=",
        b"AWSAccessKeyId=a&AWSAccessKeyId=b",
    ],
)
def test_a_credential_may_not_be_in_the_query_twice(query):
    with pytest.raises(Refused, match="more than once"):
        check_form(request(query=query))


@pytest.mark.parametrize("query", [b"X-Amz-Credential=a", b"X-Amz-Signature=", b"AWSAccessKeyId=a"])
def test_a_request_is_not_signed_in_two_places(query):
    with pytest.raises(Refused, match="not in both"):
        check_form(request(query=query, authorization="Bearer x"))


@pytest.mark.parametrize("path", ["http://localhost/_ministack/health", "%2f_ministack", "*", ""])
def test_a_target_is_a_path(path):
    with pytest.raises(Refused, match="whole address"):
        check_form(request(path))


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-origin"},
    ],
)
def test_a_web_page_may_not_call_the_aws_api(sent):
    assert status_of(request(method="POST", **sent)) == 403


def test_a_web_page_may_use_a_bucket_and_what_is_deployed():
    page = {"origin": "https://a.example", "authorization": "Bearer token"}

    assert status_of(request(BUCKET, **page)) == 200
    assert status_of(request(f"/_aws/execute-api/{API}/$default/api", **page)) == 200


def test_a_web_pages_form_may_not_call_another_service_at_a_bucket():
    form = {"origin": "https://a.example", "content_type": "Application/X-WWW-Form-urlencoded"}

    assert status_of(request(BUCKET, method="POST", **form)) == 403


def test_a_link_that_a_user_types_is_no_pages():
    assert not is_from_page({"sec-fetch-site": "none"})


CORS = [(b"Access-Control-Allow-Origin", b"*"), (b"x-amz-id-2", b"x")]


def test_an_answer_of_the_aws_api_is_for_no_origin():
    assert headers_of(request(), CORS) == {b"x-amz-id-2": b"x"}


def test_a_bucket_and_an_api_say_themselves_whom_they_are_for():
    page = {"origin": "https://a.example"}

    assert headers_of(request(BUCKET, **page), CORS) == dict(CORS)
    by_path = request(f"/_aws/execute-api/{API}/prod/", **page)
    assert headers_of(by_path, CORS) == dict(CORS)
