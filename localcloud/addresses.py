"""Addresses of APIs and distributions: by a host name of their own, or an API's by path."""

import re
from dataclasses import dataclass

from localcloud.asgi import Scope, headers

API, CDN = "execute-api", "cloudfront"
_HOST = re.compile(r"(?P<id>[a-z0-9]+)\.(?P<kind>execute-api|cloudfront)\.(localhost|net)(:\d+)?")
_PATH = re.compile(r"/_aws/execute-api/(?P<id>[a-z0-9]+)(?P<path>/.*)?", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """What a request is for, and its path there, which begins with the stage's name for REST."""

    kind: str  # API or CDN
    id: str  # of an API, or the first label of a distribution's name
    path: str
    by_host: bool = True

    @property
    def stage(self) -> str:
        """What would be the stage of a REST API."""
        return self.path.split("/")[1]


def address_of(scope: Scope) -> Address | None:
    """The API or distribution that a request is for; None for any other request."""
    if by_host := _HOST.fullmatch(headers(scope).get("host", "")):
        return Address(by_host["kind"], by_host["id"], scope["path"])
    by_path = _PATH.fullmatch(scope["path"])
    return Address(API, by_path["id"], by_path["path"] or "/", by_host=False) if by_path else None
