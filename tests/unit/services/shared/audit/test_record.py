"""What is an audit record, and what is not."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared.audit.record import AuditRecord, NotARecord, read_record
from services.shared.http.text import plain
from tests.unit.services.fakes.strategies import documents

RECORD: dict[str, Any] = {
    "record_id": "0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f",
    "time": "2026-11-22T09:30:00.123456Z",
    "request_id": "a-request",
    "method": "GET",
    "path": "/items/mug",
    "status": 200,
    "api_key_id": None,
    "source_ip": "203.0.113.7",
    "user_agent": "",
    "latency_ms": 1.5,
    "stage": "prod",
}


def test_a_record_reads_back_as_it_was_written() -> None:
    record = AuditRecord(**RECORD | {"latency_ms": Decimal("1.5")})

    assert read_record(record.to_json()) == record
    assert json.loads(record.to_json()) == RECORD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("record_id", "../../another/prefix"),
        ("record_id", "0193A5B0-7C1E-7A52-9D5E-6F1B2C3D4E5F"),
        ("record_id", "0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f\n"),
        ("time", "2026-11-22"),
        ("time", "2026-02-30T09:30:00.123456Z"),
        ("time", "2026-11-22T24:30:00.123456Z"),
        ("time", "../../-11-22T09:30:00.123456Z"),
        ("time", 0),
        ("request_id", "a\nb"),
        ("request_id", ""),
        ("method", "get"),
        ("path", "items"),
        ("path", "/a b"),
        ("status", 99),
        ("status", 600),
        ("status", True),
        ("status", "200"),
        ("api_key_id", ""),
        ("api_key_id", 1),
        ("source_ip", None),
        ("user_agent", "x" * 257),
        ("user_agent", "\u2028"),
        ("latency_ms", -1),
        ("latency_ms", "1"),
        ("latency_ms", False),
        ("stage", ""),
    ],
)
def test_a_field_that_is_not_as_it_must_be_makes_it_no_record(field: str, value: Any) -> None:
    with pytest.raises(NotARecord, match=f"^its {field} is not as it must be$"):
        read_record(json.dumps(RECORD | {field: value}))


def test_a_number_beyond_all_bounds_is_no_duration() -> None:
    with pytest.raises(NotARecord):
        read_record(json.dumps(RECORD).replace("1.5", "1e999"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        json.dumps(RECORD | {"body": "x"}),
        json.dumps({name: value for name, value in RECORD.items() if name != "stage"}),
        json.dumps(RECORD)[:-1] + ',"stage":"prod"}',
    ],
)
def test_what_lacks_a_field_or_has_another_is_no_record(text: str) -> None:
    with pytest.raises(NotARecord):
        read_record(text)


@given(documents)
def test_no_other_json_is_a_record(document: Any) -> None:
    with pytest.raises(NotARecord):
        read_record(json.dumps(document))


@given(st.text(), st.integers(0, 300))
def test_plain_text_is_short_printable_and_the_same_when_made_plain_again(
    text: str, limit: int
) -> None:
    made = plain(text, limit)

    assert len(made) == min(len(text), limit)
    assert made.isascii()
    assert made.isprintable()
    assert plain(made, limit) == made
