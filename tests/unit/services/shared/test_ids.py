"""Ids that the server makes."""

import secrets
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared import ids
from services.shared.ids import new_id

MILLISECOND = 1_000_000


@pytest.fixture(autouse=True)
def of_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_sequence", type(vars(ids)["_sequence"])())


def test_a_new_id_is_a_version_7_uuid_of_the_time_and_of_secret_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000 * MILLISECOND)
    monkeypatch.setattr(secrets, "randbits", lambda bits: (1 << bits) - 1)

    made = uuid.UUID(new_id())

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_000_000
    assert str(made) == "0000000f-4240-7fff-bfff-ffffffffffff"


def test_two_thousand_ids_made_at_once_sort_as_they_were_made() -> None:
    made = [new_id() for _ in range(2_000)]

    assert all(before < after for before, after in pairwise(made))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_later_ids_sort_later_wherever_the_clock_goes(moments: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = iter(moments)
        patch.setattr(time, "time_ns", lambda: next(clock) * MILLISECOND)

        made = [new_id() for _ in moments]

    assert all(before < after for before, after in pairwise(made))
    assert {uuid.UUID(each).version for each in made} == {7}


def test_ids_go_on_when_the_random_bits_of_a_millisecond_are_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 7 * MILLISECOND)
    monkeypatch.setattr(secrets, "randbits", lambda bits: (1 << bits) - 1)

    first, second = new_id(), new_id()

    assert first < second
    assert uuid.UUID(second).version == 7
    assert uuid.UUID(second).int >> 80 == 8


def test_ids_made_by_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(4_000)))

    assert len(set(made)) == len(made)
