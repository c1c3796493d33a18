"""What an answer tells a browser about the pages that may read it."""

from dataclasses import dataclass

_READABLE_HEADERS = "etag,retry-after,x-request-id"


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
