"""Who may call what: tokens, scopes, signatures."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.api import SCOPES, Api
from tests.deployment import Deployment

NEEDED = {
    "create": "items.write",
    "read": "items.read",
    "update": "items.write",
    "delete": "items.write",
    "list": "items.read",
    "presign_upload": "files.write",
    "presign_download": "items.read",
    "delete_file": "files.write",
    "describe_secret": "items.read",
}


@pytest.mark.parametrize(("operation", "scope"), NEEDED.items())
def test_a_token_without_the_scope_of_an_operation_is_refused(
    api: Api, operation: str, scope: str
) -> None:
    others = [name for name in SCOPES if name != scope]

    answer = api.post({"operation": operation}, token=api.token(*others))

    assert answer.status == 403
    assert answer.error["code"] == "forbidden"
    assert answer.error["message"] == f"the token needs the scope tap/{scope}"


@pytest.mark.parametrize(("operation", "scope"), NEEDED.items())
def test_the_scope_of_an_operation_is_enough_for_it(api: Api, operation: str, scope: str) -> None:
    answer = api.post({"operation": operation, "surplus": 1}, token=api.token(scope))

    # Refused for what it says, so it got past the check of scopes.
    assert answer.status == 400


@pytest.mark.parametrize(("method", "path"), [("POST", "/api"), ("GET", "/health/details")])
def test_a_call_without_a_token_is_refused(api: Api, method: str, path: str) -> None:
    assert api.request(method, path).status == 401


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(api: Api, token: str) -> None:
    assert api.post({"operation": "list"}, token=token).status == 401


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_tampered_token_is_refused(api: Api, part: int) -> None:
    parts = api.token().split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]

    assert api.post({"operation": "list"}, token=".".join(parts)).status == 401


def test_a_token_that_grants_itself_a_scope_is_refused(api: Api) -> None:
    header, claims, signature = api.token("files.write").split(".")
    widened = _encode(_decode(claims) | {"scope": "tap/items.read tap/items.write"})

    assert api.post({"operation": "list"}, token=f"{header}.{widened}.{signature}").status == 401


@pytest.mark.embedded
def test_an_expired_token_is_refused(api: Api, deployment: Deployment) -> None:
    # Signed with the pool's own key, which only the embedded cloud's folder gives away.
    now = int(time.time())
    fresh = _signed(deployment, api.token(), {"exp": now + 60})
    expired = _signed(deployment, api.token(), {"iat": now - 960, "exp": now - 60})

    assert api.post({"operation": "list"}, token=fresh).status == 200
    assert api.post({"operation": "list"}, token=expired).status == 401


@pytest.mark.embedded
@pytest.mark.parametrize(
    "change", [{"client_id": "another", "aud": "another"}, {"iss": "https://example.com"}]
)
def test_a_token_for_another_client_or_issuer_is_refused(
    api: Api, deployment: Deployment, change: dict[str, str]
) -> None:
    forged = _signed(deployment, api.token(), change)

    assert api.post({"operation": "list"}, token=forged).status == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/api"), ("POST", "/health"), ("GET", "/x")])
def test_there_is_nothing_besides_the_three_routes(api: Api, method: str, path: str) -> None:
    assert api.request(method, path, token="").status == 404


def _signed(deployment: Deployment, token: str, change: dict[str, Any]) -> str:
    header, claims, signature = token.split(".")
    assert deployment.home
    key = _signing_key(deployment.home, f"{header}.{claims}".encode(), signature)
    changed = f"{header}.{_encode(_decode(claims) | change)}"
    signed = key.sign(changed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{changed}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"


def _signing_key(home: Path, signed: bytes, signature: str) -> rsa.RSAPrivateKey:
    """The key among the embedded cloud's that makes this signature."""
    for path in (home / "state").rglob("*.pem"):
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        made = base64.urlsafe_b64encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        if made.rstrip(b"=").decode() == signature:
            return key
    raise AssertionError("no key of the embedded cloud signs tokens")


def _decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _encode(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
