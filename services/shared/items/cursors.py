"""Pagination cursors, signed with the application's secret so that they cannot be forged.

A cursor is `<key id>.<last id in base64url>.<signature in base64url>`. The key id is the version
of the secret that signed it; the signature (HMAC-SHA256) covers the list's name too, so a cursor
is not valid for another table, or for another owner's items in the same one.
"""

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from services.shared.http.errors import InvalidRequest, problem_of

KEEP_SECONDS = 30
REFRESH_SECONDS = 1


class InvalidCursor(InvalidRequest):
    """The cursor is not one of this list, or its key has been retired by rotations."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        allowed = "the cursor of an earlier list, unchanged; without one, the first page"
        super().__init__("cursor is not valid", problem_of("cursor", "is not valid", allowed))


@dataclass(frozen=True)
class Keys:
    """The signing keys by their id, and which of them signs new cursors."""

    current: str
    secrets: dict[str, bytes]


class KeyRing:
    """Signing keys, loaded when they are needed.

    Keys are kept for 30 s, so that a cursor stops working soon after its key is gone. A key id
    that is not known (another instance saw a rotation first) loads them again, once a second at
    most: forged cursors cannot turn into load.
    """

    def __init__(
        self, load: Callable[[], Keys], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load_keys = load
        self._clock = clock
        self._keys: Keys | None = None
        self._stale_at = 0.0
        self._refresh_at = 0.0

    def having(self, key_id: str) -> Keys:
        """Return fresh keys, loaded again if this one is missing and a second has passed."""
        keys = self.fresh()
        now = self._clock()
        if key_id not in keys.secrets and now >= self._refresh_at:
            self._refresh_at = now + REFRESH_SECONDS
            keys = self._load()
        return keys

    def fresh(self) -> Keys:
        """Return the keys, at most 30 s old."""
        if self._keys is None or self._clock() >= self._stale_at:
            return self._load()
        return self._keys

    def _load(self) -> Keys:
        self._stale_at = self._clock() + KEEP_SECONDS
        self._keys = self._load_keys()
        return self._keys


@dataclass(frozen=True)
class Cursors:
    """Cursors of one list; its name tells it from every other that the same keys sign for."""

    keys: KeyRing
    list_name: str

    def sign(self, last_id: str) -> str:
        """Make the cursor of a page that ended with this id."""
        keys = self.keys.fresh()
        payload = _encode(last_id.encode())
        return f"{keys.current}.{payload}.{self._signature(keys, keys.current, payload)}"

    def read(self, cursor: str) -> str:
        """Return the id to go on after; raise `InvalidCursor` for a cursor of no page."""
        parts = cursor.split(".")
        if len(parts) != 3:
            raise InvalidCursor
        key_id, payload, signature = parts
        keys = self.keys.having(key_id)
        if key_id in keys.secrets:
            expected = self._signature(keys, key_id, payload)
            if hmac.compare_digest(signature, expected):
                return _decode(payload)
        raise InvalidCursor

    def _signature(self, keys: Keys, key_id: str, payload: str) -> str:
        message = "\n".join(("cursor", self.list_name, key_id, payload)).encode()
        return _encode(hmac.digest(keys.secrets[key_id], message, "sha256"))


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
