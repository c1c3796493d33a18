"""Distributions in front of APIs: the emulator's answers, and ours."""

import pytest
from ministack.services import cloudfront

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
