"""Nobody but its own page, with the key of the cloud's folder, drives the console."""

import json

import pytest

from tests.deployment import Deployment
from tests.leaks import secrets
from tests.security.wire import Wire

pytestmark = pytest.mark.embedded

ASKED = [
    ("GET", "/console/api/requests?after=0"),
    ("GET", "/console/api/status"),
    ("POST", "/console/api/redrive"),
    ("POST", "/console/api/send/tap/api"),
]


@pytest.fixture
def own(deployment: Deployment) -> Wire:
    """The front door under the console's own name."""
    return Wire(deployment.store_url.replace("localhost", "127.0.0.1"))


@pytest.fixture
def key(deployment: Deployment) -> tuple[str, str]:
    """The header that the page sends."""
    assert deployment.home
    return "x-console-key", (deployment.home / "run/console.key").read_text("utf-8")


@pytest.mark.parametrize(("method", "target"), ASKED)
def test_without_the_key_nothing_is_told_or_done(own: Wire, method: str, target: str) -> None:
    assert own.send(method, target).status == 403
    assert own.send(method, target, ("x-console-key", "guessed")).status == 403


@pytest.mark.parametrize(("method", "target"), ASKED)
@pytest.mark.parametrize(
    "header",
    [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ],
    ids=":".join,
)
def test_another_origin_is_refused_even_with_the_key(
    own: Wire, key: tuple[str, str], method: str, target: str, header: tuple[str, str]
) -> None:
    said = own.send(method, target, key, header)

    assert (said.status, said.cors) == (403, {})


def test_a_page_of_the_deployed_store_is_another_origin(
    own: Wire, key: tuple[str, str], deployment: Deployment
) -> None:
    said = own.send("GET", ASKED[0][1], key, ("origin", deployment.store_url))

    assert (said.status, said.cors) == (403, {})


def test_a_preflight_lets_nobody_in(own: Wire) -> None:
    asks = (
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-console-key"),
    )
    said = own.send("OPTIONS", "/console/api/redrive", ("origin", "https://evil.example"), *asks)

    assert (said.status, said.cors) == (403, {})


@pytest.mark.parametrize("host", ["rebound.example", "console.rebound.example:8080"])
def test_a_foreign_host_is_refused_the_page_too(own: Wire, key: tuple[str, str], host: str) -> None:
    assert own.send("GET", "/console/", host=host).status == 403
    assert own.send("GET", ASKED[0][1], key, host=host).status == 403


def test_the_console_leads_to_no_part_of_the_emulator(own: Wire, key: tuple[str, str]) -> None:
    for path in (
        "/_ministack/config",
        "/_aws/execute-api/0a1b2c3d/",
        "/console/api/status",
        "/health",
    ):
        said = own.send("GET", f"/console/api/send{path}", key)
        assert said.status in (403, 404), path
        assert b"ministack" not in said.body, path


def test_a_call_to_be_replayed_was_kept_without_its_credentials(
    own: Wire, key: tuple[str, str], deployment: Deployment
) -> None:
    body = b'{"operation": "list"}'
    token = deployment.tap("token").stdout.strip()
    proof = ("authorization", f"Bearer {token}"), ("cookie", "session=a-session")
    own.send("POST", "/tap/api", ("content-type", "application/json"), *proof, body=body)

    found = own.send("GET", ASKED[0][1], key).body.decode()

    assert json.loads(found)[-1]["body"] == body.decode()
    assert token not in found
    assert "a-session" not in found


def test_nothing_that_the_console_tells_of_the_cloud_is_a_secret(
    own: Wire, key: tuple[str, str], deployment: Deployment
) -> None:
    from localcloud.cloud import Cloud

    assert deployment.home
    cloud = Cloud.load(deployment.home)
    assert cloud
    told = "".join(
        own.send("GET", f"/console/api/{what}", key).body.decode()
        for what in ("status", "endpoints", "alarms", "inbox", "dead-letters", "requests?after=0")
    )

    assert [name for name, value in secrets(cloud).items() if value in told] == []
