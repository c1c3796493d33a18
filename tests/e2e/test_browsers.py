"""Web pages of the allowed origins may call the API, and no others."""

import time
from collections.abc import Iterator

import pytest

from tests.api import Answer, Api
from tests.deployment import Deployment

FOREIGN = "https://evil.example"


@pytest.fixture(scope="module")
def origin(deployment: Deployment) -> Iterator[str]:
    """An allowed origin: the deployment's own, or one it has while these tests run."""
    gateway = deployment.client("apigatewayv2")
    api_id = deployment.outputs["HttpApiId"]
    allowed = gateway.get_api(ApiId=api_id).get("CorsConfiguration", {}).get("AllowOrigins")
    if allowed:
        yield allowed[0]
        return
    # An environment that keeps data allows no origin unless it is told one.
    added = "https://store.example"
    gateway.update_api(
        ApiId=api_id,
        CorsConfiguration={
            "AllowOrigins": [added],
            "AllowMethods": ["GET", "POST"],
            "AllowHeaders": ["authorization", "content-type"],
        },
    )
    try:
        time.sleep(0 if deployment.home else 10)  # until every gateway of AWS knows
        yield added
    finally:
        gateway.delete_cors_configuration(ApiId=api_id)


def test_an_allowed_origin_is_echoed(api: Api, origin: str) -> None:
    answer = api.get("/health", headers={"origin": origin})

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin


def test_a_preflight_of_an_allowed_origin_names_methods_and_headers(api: Api, origin: str) -> None:
    answer = _preflight(api, origin)

    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_a_foreign_origin_gets_no_cors_header(api: Api, origin: str) -> None:
    assert origin != FOREIGN

    _has_no_cors_header(api.get("/health", headers={"origin": FOREIGN}))
    _has_no_cors_header(_preflight(api, FOREIGN))


@pytest.mark.parametrize("disguise", ["null", "{}.evil.example", "{}:8443"])
def test_an_origin_like_an_allowed_one_gets_no_cors_header(
    api: Api, origin: str, disguise: str
) -> None:
    _has_no_cors_header(api.get("/health", headers={"origin": disguise.format(origin)}))


def _preflight(api: Api, origin: str) -> Answer:
    return api.request(
        "OPTIONS",
        "/api",
        headers={
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )


def _has_no_cors_header(answer: Answer) -> None:
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
