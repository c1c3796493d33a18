"""Requests exactly as they are written: no client tidies a path, merges headers or adds one."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.deployment import Deployment

LIST_SECRETS = {
    "x-amz-target": "secretsmanager.ListSecrets",
    "content-type": "application/x-amz-json-1.1",
}
SECRETS_LISTED = b"SecretList"


@dataclass(frozen=True)
class Said:
    """An answer, its headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def is_of_the_cdn(self) -> bool:
        """Whether a distribution answered, which gives every answer this header."""
        return "x-amz-cf-id" in self.headers

    @cached_property
    def cors(self) -> dict[str, str]:
        """The headers that let pages of other origins read the answer."""
        return {
            name: value for name, value in self.headers.items() if name.startswith("access-control")
        }


@dataclass(frozen=True)
class Wire:
    """One port of the deployment, spoken to by hand."""

    url: str
    ca_bundle: str | None = None

    @property
    def host(self) -> str:
        """What a client would name in its Host header."""
        return urlsplit(self.url).netloc

    @property
    def port(self) -> int:
        """The port's number."""
        return urlsplit(self.url).port or 443

    def send(
        self,
        method: str,
        target: str,
        *headers: tuple[str, str],
        body: bytes = b"",
        host: str | None = None,
    ) -> Said:
        """Send one request; `headers` may repeat a name, and `host` may name anything."""
        length = [("content-length", str(len(body)))] if body or method in ("POST", "PUT") else []
        sent = [("host", host or self.host), *headers, *length, ("connection", "close")]
        head = "".join(f"{name}: {value}\r\n" for name, value in sent)
        with self.connected() as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            return answer_of(connection, method)

    @contextmanager
    def connected(self, seconds: float = 60) -> Iterator[socket.socket]:
        """A connection on which nothing has been sent yet."""
        name = str(urlsplit(self.url).hostname)
        with socket.create_connection((name, self.port), timeout=seconds) as plain:
            if urlsplit(self.url).scheme == "http":
                yield plain
                return
            context = ssl.create_default_context(cafile=self.ca_bundle)
            with context.wrap_socket(plain, server_hostname=name) as secured:
                yield secured


def answer_of(connection: socket.socket, method: str = "GET") -> Said:
    """The answer that comes next on a connection."""
    response = HTTPResponse(connection, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Said(response.status, headers, response.read())


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs calls of the AWS API as the root user, or as somebody who errs in one thing."""

    key: str
    secret: str
    region: str
    endpoint: str

    @classmethod
    def of(cls, deployment: Deployment) -> "Signer":
        """The root user of an embedded cloud."""
        return cls(
            key=deployment.credentials["AWS_ACCESS_KEY_ID"],
            secret=deployment.credentials["AWS_SECRET_ACCESS_KEY"],
            region=deployment.region,
            endpoint=str(deployment.endpoint),
        )

    def headers(
        self, service: str, body: bytes, named: Mapping[str, str], target: str = "/"
    ) -> list[tuple[str, str]]:
        """The headers of a POST, signed in its header."""
        request = AWSRequest("POST", self.endpoint + target, headers=dict(named), data=body)
        SigV4Auth(self._credentials(), service, self.region).add_auth(request)
        return list(request.headers.items())

    def query(self, service: str, target: str) -> str:
        """A GET's target, signed in its query for five minutes."""
        request = AWSRequest("GET", self.endpoint + target)
        SigV4QueryAuth(self._credentials(), service, self.region, expires=300).add_auth(request)
        url = urlsplit(str(request.url))
        return f"{url.path}?{url.query}"

    def s3(self) -> Any:
        """A client of S3, for presigned URLs."""
        return botocore.session.get_session().create_client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=botocore.config.Config(signature_version="s3v4"),
        )

    def _credentials(self) -> Credentials:
        return Credentials(self.key, self.secret)
