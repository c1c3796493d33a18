"""Origin key: the header by which CloudFront proves that a request came through it.

CloudFront adds a header with a key to what it sends to the API. Whoever calls the API at its own
address, past the CDN's web ACL, log and security headers, does not have the key and is refused.
"""

import hmac
import time
from collections.abc import Callable
from typing import Any

from services.shared import aws
from services.shared.http.errors import Forbidden

HEADER = "x-origin-verify"
# The key is read again when this old, so that one that was replaced does not open for ever...
KEPT_SECONDS = 300.0
# ...and for a key that is not known, which may be new; but not at every guess.
PATIENCE_SECONDS = 10.0


class OriginKey:
    """The key in Secrets Manager: its current version, and the one before while it is replaced."""

    def __init__(
        self, client: aws.Client, arn: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._known: list[bytes] = []
        self._read_at = 0.0

    def check(self, event: dict[str, Any]) -> None:
        """Take the key out of the event, so that nothing logs it; raise `Forbidden` without it."""
        given = event["headers"].pop(HEADER, "").encode(errors="replace")
        age = self._clock() - self._read_at
        patience = KEPT_SECONDS if self._is_known(given) else PATIENCE_SECONDS
        if not self._known or age >= patience:
            self._known = self._read()
            self._read_at = self._clock()
        if not self._is_known(given):
            raise Forbidden("the store answers through its CDN alone")

    def _is_known(self, given: bytes) -> bool:
        return bool(given) and any(hmac.compare_digest(given, key) for key in self._known)

    def _read(self) -> list[bytes]:
        """Read the keys of both versions, of which either may be missing."""
        versions = (
            aws.read_secret(self._client, self._arn, stage)
            for stage in ("AWSCURRENT", "AWSPREVIOUS")
        )
        return [version["SecretString"].encode() for version in versions if version]
