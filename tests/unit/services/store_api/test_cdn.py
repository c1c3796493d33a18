"""The CDN's key: who has it is let in, also while it is replaced, and it is kept to itself."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.shared.http.errors import Forbidden
from services.store_api.cdn import HEADER, OriginKey
from tests.secrets_manager import SECRET, client_error
from tests.unit.services.fakes import Clock
from tests.unit.services.fakes.store_api import OriginKeys


class Gate:
    """A key that is checked with a clock of ours."""

    def __init__(self, *keys: str) -> None:
        self.secret, self.clock = OriginKeys(*keys), Clock()
        self._key = OriginKey(self.secret, SECRET, self.clock)

    def opens(self, given: str | None) -> bool:
        event: dict[str, Any] = {"headers": {} if given is None else {HEADER: given}}
        try:
            self._key.check(event)
        except Forbidden:
            return False
        finally:
            assert HEADER not in event["headers"]
        return True


def test_the_key_opens_and_nothing_else_does() -> None:
    gate = Gate("new")

    assert gate.opens("new")
    for given in ("old", "ne", "newer", "NEW", "", None):
        assert not gate.opens(given), given


def test_an_empty_key_never_opens() -> None:
    assert not Gate("").opens(None)


def test_the_key_before_opens_until_the_next_one_is_made() -> None:
    gate = Gate("two", "one")
    assert gate.opens("one")
    assert gate.opens("two")

    gate.secret.keys = ("three", "two")
    gate.clock.now += 300

    assert not gate.opens("one")
    assert gate.opens("two")
    assert gate.opens("three")


def test_the_key_is_read_once_for_many_requests() -> None:
    gate = Gate("two", "one")

    assert all(gate.opens("one") for _ in range(50))

    assert gate.secret.reads == 2


def test_a_new_key_is_known_within_ten_seconds() -> None:
    gate = Gate("one")
    gate.opens("one")
    gate.secret.keys = ("two", "one")
    gate.clock.now += 10

    assert gate.opens("two")


def test_a_guess_does_not_make_the_key_be_read_each_time() -> None:
    gate = Gate("one")

    assert not any(gate.opens(f"guess {number}") for number in range(50))

    assert gate.secret.reads == 2


def test_a_secret_that_cannot_be_read_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate("one")

    def down(**_: Any) -> None:
        raise client_error("InternalServiceError", 500)

    monkeypatch.setattr(gate.secret, "get_secret_value", down)

    with pytest.raises(ClientError):
        gate.opens("one")
