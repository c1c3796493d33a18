"""CORS headers of an answer."""

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
        """Read origins divided by commas; none from an empty text."""
        return cls(frozenset(filter(None, map(str.strip, text.split(",")))))

    def headers(self, origin: str | None) -> dict[str, str]:
        """Echo an allowed origin; tell nothing to another, or to a caller that is no page."""
        # `Vary` is in every answer: a cache must not give one origin's answer to another.
        if origin not in self.origins:
            return {"vary": "Origin"}
        return {
            "vary": "Origin",
            "access-control-allow-origin": str(origin),
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": _READABLE_HEADERS,
        }

    def preflight_headers(self, origin: str | None, methods: Iterable[str]) -> dict[str, str]:
        """Answer a browser's preflight request for a resource that has these methods."""
        if origin not in self.origins:
            return self.headers(origin)
        return self.headers(origin) | {
            "access-control-allow-methods": ",".join(methods),
            "access-control-allow-headers": _SENDABLE_HEADERS,
            "access-control-max-age": str(_PREFLIGHT_SECONDS),
        }
