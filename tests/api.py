"""The deployed API as its clients see it: URLs, tokens, JSON."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from tests.deployment import Deployment

SCOPES = ("items.read", "items.write", "files.write")


@dataclass(frozen=True)
class Answer:
    """A response of the API; `body` is what its JSON says, None when it is not JSON."""

    status: int
    headers: urllib3.HTTPHeaderDict
    text: str

    @cached_property
    def body(self) -> Any:
        """The JSON document of the answer."""
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        """The data of a success; fails the test on anything else."""
        assert self.status in (200, 201), self.text
        return self.body["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The error of a failure; fails the test on a success."""
        assert self.body["success"] is False, self.text
        found: dict[str, Any] = self.body["error"]
        return found

    @property
    def fields(self) -> list[str]:
        """The fields that the error names."""
        return [detail["field"] for detail in self.error["details"]]


class Api:
    """Calls over one connection pool, which may be used by many threads."""

    def __init__(self, deployment: Deployment, connections: int = 32) -> None:
        self._deployment = deployment
        self.pool = urllib3.PoolManager(
            ca_certs=deployment.ca_bundle, retries=False, timeout=60, maxsize=connections
        )
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def __enter__(self) -> Self:
        """The API itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self.pool.clear()

    def call(self, operation: str, **members: Any) -> Answer:
        """Call an operation with a token of every scope."""
        return self.post({"operation": operation, **members})

    def post(
        self, request: Any, *, token: str | None = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST a request to /api: bytes as they are, anything else as JSON.

        `token` is one of every scope when left out, and none is sent when it is None.
        """
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        return self.request("POST", "/api", body=body, token=token, headers=sent)

    def get(
        self, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """GET a path, without a token unless one is given."""
        return self.request("GET", path, token=token, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any request; an empty `token` stands for one of every scope."""
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token or self.token()}"
        url = self._deployment.api_url + path
        answer = self.pool.request(method, url, body=body, headers=sent)
        return Answer(answer.status, answer.headers, answer.data.decode())

    def token(self, *scopes: str) -> str:
        """A token of these scopes, of every scope when none is named; renewed at half its life."""
        wanted = scopes or SCOPES
        token, renew_at = self._tokens.get(wanted, ("", 0.0))
        if time.monotonic() >= renew_at:
            token, lifetime = self._fetch_token(wanted)
            self._tokens[wanted] = token, time.monotonic() + lifetime / 2
        return token

    def _fetch_token(self, scopes: tuple[str, ...]) -> tuple[str, float]:
        outputs = self._deployment.outputs
        client_id = outputs["UserPoolClientId"]
        described = self._deployment.client("cognito-idp").describe_user_pool_client(
            UserPoolId=outputs["UserPoolId"], ClientId=client_id
        )["UserPoolClient"]
        basic = base64.b64encode(f"{client_id}:{described['ClientSecret']}".encode()).decode()
        scope = " ".join(f"tap/{name}" for name in scopes)
        answer = self.pool.request(
            "POST",
            self._deployment.token_url,
            body=urlencode({"grant_type": "client_credentials", "scope": scope}),
            headers={
                "authorization": f"Basic {basic}",
                "content-type": "application/x-www-form-urlencoded",
            },
        )
        assert answer.status == 200, answer.data
        granted = answer.json()
        return granted["access_token"], granted["expires_in"]
