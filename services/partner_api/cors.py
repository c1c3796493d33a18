"""What an answer tells a browser about the pages that may read it."""

from collections.abc import Iterable
from dataclasses import dataclass

_READABLE_HEADERS = "etag,retry-after,x-request-id"
_SENDABLE_HEADERS = "content-type,if-match,x-api-key"
_PREFLIGHT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins whose pages may call the API, each by its exact name."""

    origins: frozenset[str]

    @classmethod
    def from_text(cls, text: str) -> "AllowedOrigins":
        """Origins divided by commas; none of an empty text."""
        return cls(frozenset(filter(None, map(str.strip, text.split(",")))))

    def headers(self, origin: str | None) -> dict[str, str]:
        """An allowed origin is echoed; another, and a caller that is no page, is told nothing.

        `Vary` is in every answer: a cache must not give one origin's answer to another.
        """
        headers = {"vary": "Origin"}
        if origin in self.origins:
            headers |= {
                "access-control-allow-origin": str(origin),
                "access-control-allow-credentials": "true",
                "access-control-expose-headers": _READABLE_HEADERS,
            }
        return headers

    def preflight_headers(self, origin: str | None, methods: Iterable[str]) -> dict[str, str]:
        """What a browser is told that asks, before it calls, what a page of this origin may do.

        `methods` are those of the resource it asks about.
        """
        headers = self.headers(origin)
        if origin in self.origins:
            headers |= {
                "access-control-allow-methods": ",".join(methods),
                "access-control-allow-headers": _SENDABLE_HEADERS,
                "access-control-max-age": str(_PREFLIGHT_SECONDS),
            }
        return headers
