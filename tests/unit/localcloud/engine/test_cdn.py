"""Distributions: whom their viewers' requests reach in the emulator and here, and their origins."""

import json

import pytest
from ministack import app as ministack
from ministack.services import cloudfront

from localcloud.asgi import answer
from localcloud.engine import cdn
from localcloud.engine.internals import need

API = {
    "domain_name": "0a1b2c3d.execute-api.localhost",
    "protocol_policy": "https-only",
    "http_port": 80,
    "https_port": 443,
}


def target(origin):
    """Where an origin is reached: host, port, and whether over TLS."""
    return need(cloudfront, "_origin_connect_target")(origin, True)


def methods(behaviour):
    """What a behaviour allows, as XML."""
    parsed = need(cloudfront, "_parse_body")(behaviour)
    return need(cloudfront, "_dataplane_allowed_methods")(parsed)


def test_the_original_reaches_an_api_by_a_name_that_is_not_everywhere_known():
    assert target(API) == ("0a1b2c3d.execute-api.localhost", 443, True)


def test_an_api_is_reached_at_the_aws_endpoint(patch):
    cloud = patch(cdn)

    assert target(API) == ("127.0.0.1", cloud.port, True)


def test_another_origin_is_reached_as_it_is_configured(patch):
    patch(cdn)

    assert target({**API, "domain_name": "example.com"}) == ("example.com", 443, True)


def test_the_original_allows_every_method_where_none_is_named():
    assert methods(b"<B/>") is None


def test_a_behaviour_that_names_no_methods_reads_only(patch):
    patch(cdn)

    assert methods(b"<B/>") == ["GET", "HEAD"]


@pytest.mark.parametrize("patched", [False, True])
def test_a_behaviour_allows_the_methods_it_names(patch, patched):
    if patched:
        patch(cdn)

    named = b"<B><AllowedMethods><Items><Method>POST</Method></Items></AllowedMethods></B>"
    assert methods(named) == ["POST"]


HOST = {"host": "d0123456789abc.cloudfront.net"}
PATHS = ["/health", "/login", "/_ministack/health"]


@pytest.fixture
def served(monkeypatch):
    """The paths that the emulator's CloudFront was asked for."""
    asked: list[tuple[str, str]] = []

    async def serve(_host, path, raw_path, *_):
        asked.append((path, raw_path))
        return 200, {}, b"the distribution"

    monkeypatch.setattr(ministack, "_handle_cloudfront_dataplane_request", serve)
    return asked


@pytest.mark.parametrize("path", ["/health", "/_ministack/health"])
def test_the_original_answers_such_a_path_itself(emulator, served, path):
    _, _, body = emulator.send("GET", path, HOST)

    assert "services" in json.loads(body)
    assert not served


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_reaches_the_distribution_at_every_path(emulator, served, patch, path):
    patch(cdn)

    _, _, body = emulator.send("GET", path, HOST, app=cdn.viewers(ministack.app))

    assert body == b"the distribution"
    assert served == [(path, path)]


def test_a_request_of_another_name_passes_as_it_is(emulator):
    async def app(scope, _receive, send):
        await answer(send, 200, scope["path"])

    assert emulator.send("GET", "/health", {"host": "localhost"}, app=cdn.viewers(app))[2] == (
        b"/health"
    )


def test_a_viewers_body_has_ten_megabytes_at_most(emulator):
    app = cdn.viewers(ministack.app)

    status, _, _ = emulator.send("POST", "/", HOST, b"x" * (10 * 1024 * 1024 + 1), app=app)

    assert status == 413
