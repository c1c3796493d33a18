"""Cursors: what we signed for this table, and nothing else."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.shared.items.cursors import Cursors, InvalidCursor, KeyRing
from services.shared.items.secret import ApplicationSecret
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET, TABLE

ids = st.text(min_size=1, max_size=128)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"


def load(secrets: Any) -> Any:
    return ApplicationSecret(lambda: secrets, SECRET).load


def cursors(secrets: Any = None, *, table: str = TABLE, clock: Any = None) -> Any:
    return Cursors(KeyRing(load(secrets or fakes.SecretsManager()), clock or fakes.Clock()), table)


@given(ids)
def test_a_cursor_reads_back_as_what_was_signed(last_id: str) -> None:
    signer = cursors()

    assert signer.read(signer.sign(last_id)) == last_id


@given(ids, st.data())
def test_a_cursor_with_any_character_changed_is_refused(last_id: str, data: Any) -> None:
    signer = cursors()
    cursor = signer.sign(last_id)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from(ALPHABET))
    assume(other != cursor[place])

    with pytest.raises(InvalidCursor):
        signer.read(cursor[:place] + other + cursor[place + 1 :])


@given(st.text(ALPHABET))
def test_a_cursor_that_nobody_signed_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        cursors().read(cursor)


def test_a_cursor_of_another_table_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        cursors().read(cursors(table="another-table").sign("mug"))


def test_a_cursor_with_the_signature_of_another_is_refused() -> None:
    signer = cursors()
    key_id, payload, _ = signer.sign("mug").split(".")
    _, _, signature = signer.sign("cup").split(".")

    with pytest.raises(InvalidCursor):
        signer.read(f"{key_id}.{payload}.{signature}")


def test_after_a_rotation_old_cursors_work_and_new_ones_are_signed_with_the_new_key(
    secret: fakes.SecretsManager,
) -> None:
    clock = fakes.Clock()
    signer = cursors(secret, clock=clock)
    old = signer.sign("mug")

    secret.rotate("v2")
    clock.now += 30

    assert signer.read(old) == "mug"
    assert signer.sign("mug").startswith("v2.")


def test_a_cursor_of_a_key_that_another_instance_saw_first_works_at_once(
    secret: fakes.SecretsManager,
) -> None:
    signer = cursors(secret)
    signer.sign("mug")
    secret.rotate("v2")

    assert signer.read(cursors(secret).sign("cup")) == "cup"


def test_a_cursor_stops_working_thirty_seconds_after_its_key_is_gone(
    secret: fakes.SecretsManager,
) -> None:
    clock = fakes.Clock()
    signer = cursors(secret, clock=clock)
    old = signer.sign("mug")
    secret.rotate("v2")
    secret.rotate("v3")

    assert signer.read(old) == "mug"
    clock.now += 30
    with pytest.raises(InvalidCursor):
        signer.read(old)


def test_forged_key_ids_load_the_keys_once_a_second_at_most(secret: fakes.SecretsManager) -> None:
    clock = fakes.Clock()
    signer = cursors(secret, clock=clock)
    signer.sign("mug")
    secret.calls.clear()

    for _ in range(50):
        with pytest.raises(InvalidCursor):
            signer.read("forged.bXVn.c2ln")
    assert len(secret.calls) == 2
    clock.now += 1
    with pytest.raises(InvalidCursor):
        signer.read("forged.bXVn.c2ln")
    assert len(secret.calls) == 4


def test_keys_are_loaded_once_for_many_cursors(secret: fakes.SecretsManager) -> None:
    signer = cursors(secret)

    for _ in range(50):
        signer.read(signer.sign("mug"))

    assert len(secret.calls) == 2
