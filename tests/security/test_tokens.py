"""Tokens that the items API did not ask for: forged with keys of others, or issued to others.

API Gateway takes RSA signatures alone, of a key that the issuer publishes and the token names, and
a token of a client among the authorizer's audience.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.api import SCOPES, Api
from tests.deployment import Deployment

Json = dict[str, Any]
KID = "attacker"


@pytest.fixture(scope="module")
def attacker() -> rsa.RSAPrivateKey:
    """A key pair of the attacker's own."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def published(deployment: Deployment, api: Api) -> list[Json]:
    """The public keys of the pool that the API trusts."""
    pool = deployment.outputs["UserPoolId"]
    base = deployment.endpoint or f"https://cognito-idp.{deployment.region}.amazonaws.com"
    found = api.pool.request("GET", f"{base}/{pool}/.well-known/jwks.json")
    keys: list[Json] = found.json()["keys"]
    return keys


def test_a_symmetric_signature_with_the_public_key_is_refused(
    api: Api, published: list[Json]
) -> None:
    header, claims = _parts(api.token())
    for jwk in published:
        for secret in _spellings(jwk):
            start = _start(header | {"alg": "HS256", "kid": jwk["kid"]}, claims)
            signature = hmac.digest(secret, start.encode(), hashlib.sha256)

            assert _refused(api, f"{start}.{_text(signature)}")


@pytest.mark.parametrize(
    "injected",
    [
        {"kid": KID},
        {"kid": "../../../../dev/null"},
        {"kid": "' UNION SELECT 'key"},
        {"kid": ""},
        {"jku": "https://evil.example/jwks.json"},
        {"jku": "https://evil.example/jwks.json", "kid": KID},
        {"x5u": "https://evil.example/chain.pem"},
        {"alg": "PS256"},
        {"alg": "RS512"},
        {"alg": "none"},
        {"alg": "nOnE"},
        {"crit": ["exp"], "b64": False},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("with_jwk", [False, True], ids=["bare", "jwk"])
def test_a_header_that_brings_its_own_key_is_refused(
    api: Api, attacker: rsa.RSAPrivateKey, injected: Json, with_jwk: bool
) -> None:
    header, claims = _parts(api.token())
    brought = {"jwk": _jwk(attacker, injected.get("kid", KID))} if with_jwk else {}

    assert _refused(api, _signed(attacker, header | injected | brought, claims))


def test_a_key_that_is_not_the_pools_is_refused_under_the_pools_name(
    api: Api, attacker: rsa.RSAPrivateKey
) -> None:
    header, claims = _parts(api.token())

    assert _refused(api, _signed(attacker, header, claims))


@pytest.mark.parametrize("place", ["?access_token={}", "?authorization={}", "?token={}"])
def test_a_token_counts_in_its_header_alone(api: Api, place: str) -> None:
    path = "/api" + place.format(api.token())

    assert api.request("POST", path, body=b'{"operation": "list"}').status == 401


def test_a_token_issued_to_another_client_of_the_pool_is_refused(
    api: Api, deployment: Deployment, client_of: Callable[[str], Json]
) -> None:
    token = _issued(api, deployment, client_of(deployment.outputs["UserPoolId"]))

    assert _parts(token)[1]["scope"]
    assert _refused(api, token)


@pytest.mark.embedded  # on AWS another pool issues under a domain of its own
def test_a_token_issued_by_another_pool_is_refused(
    api: Api, deployment: Deployment, other_pool: str, client_of: Callable[[str], Json]
) -> None:
    token = _issued(api, deployment, client_of(other_pool))

    assert _parts(token)[1]["iss"].endswith(other_pool)
    assert _refused(api, token)


@pytest.fixture
def other_pool(deployment: Deployment) -> Iterator[str]:
    """A pool of the account with the same scopes, until the test ends."""
    cognito = deployment.client("cognito-idp")
    pool: str = cognito.create_user_pool(PoolName=f"suite-{uuid.uuid4().hex}")["UserPool"]["Id"]
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in SCOPES]
    cognito.create_resource_server(UserPoolId=pool, Identifier="tap", Name="tap", Scopes=scopes)
    yield pool
    cognito.delete_user_pool(UserPoolId=pool)


@pytest.fixture
def client_of(deployment: Deployment) -> Iterator[Callable[[str], Json]]:
    """Makes a client with every scope in a pool, which goes again after the test."""
    cognito = deployment.client("cognito-idp")
    made: list[Json] = []

    def make(pool: str) -> Json:
        made.append(
            cognito.create_user_pool_client(
                UserPoolId=pool,
                ClientName=f"suite-{uuid.uuid4().hex}",
                GenerateSecret=True,
                AllowedOAuthFlows=["client_credentials"],
                AllowedOAuthFlowsUserPoolClient=True,
                AllowedOAuthScopes=[f"tap/{name}" for name in SCOPES],
            )["UserPoolClient"]
        )
        return made[-1]

    yield make
    for each in made:
        cognito.delete_user_pool_client(UserPoolId=each["UserPoolId"], ClientId=each["ClientId"])


def _issued(api: Api, deployment: Deployment, client: Json) -> str:
    basic = base64.b64encode(f"{client['ClientId']}:{client['ClientSecret']}".encode()).decode()
    scope = " ".join(f"tap/{name}" for name in SCOPES)
    answer = api.pool.request(
        "POST",
        deployment.token_url,
        body=urlencode({"grant_type": "client_credentials", "scope": scope}),
        headers={
            "authorization": f"Basic {basic}",
            "content-type": "application/x-www-form-urlencoded",
        },
    )
    assert answer.status == 200, answer.data
    return str(answer.json()["access_token"])


def _refused(api: Api, token: str) -> bool:
    """Whether a token is refused, and the API's own is served with the same request."""
    served = api.post({"operation": "list", "limit": 1}).status
    return (served, api.post({"operation": "list", "limit": 1}, token=token).status) == (200, 401)


def _spellings(jwk: Json) -> Iterator[bytes]:
    """The bytes that a confused verifier might take as the shared secret."""
    modulus, exponent = (int.from_bytes(_bytes(jwk[part]), "big") for part in ("n", "e"))
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    for form in (
        serialization.PublicFormat.SubjectPublicKeyInfo,
        serialization.PublicFormat.PKCS1,
    ):
        pem = public.public_bytes(serialization.Encoding.PEM, form)
        yield from (pem, pem.rstrip(), public.public_bytes(serialization.Encoding.DER, form))
    yield from (json.dumps(jwk).encode(), jwk["n"].encode(), b"")


def _jwk(key: rsa.RSAPrivateKey, kid: str) -> Json:
    numbers = key.public_key().public_numbers()
    modulus = numbers.n.to_bytes(256, "big")
    return {"kty": "RSA", "kid": kid, "use": "sig", "n": _text(modulus), "e": "AQAB"}


def _signed(key: rsa.RSAPrivateKey, header: Json, claims: Json) -> str:
    start = _start(header, claims)
    return f"{start}.{_text(key.sign(start.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _parts(token: str) -> tuple[Json, Json]:
    header, claims = (json.loads(_bytes(part)) for part in token.split(".")[:2])
    return header, claims


def _start(header: Json, claims: Json) -> str:
    return ".".join(_text(json.dumps(part).encode()) for part in (header, claims))


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
