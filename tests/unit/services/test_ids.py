"""Ids that the server makes."""

import time
import uuid

import pytest

from services.shared.ids import new_id


def test_new_ids_are_version_7_uuids_that_sort_by_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    milliseconds = iter([1_000_000, 2_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(milliseconds) * 1_000_000)

    first, second = new_id(), new_id()

    assert first < second
    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).variant == uuid.RFC_4122
    assert uuid.UUID(first).int >> 80 == 1_000_000
