"""JSON in and out, without loss."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared.http import exact_json
from services.shared.http.errors import InvalidRequest
from tests.unit.services import fakes
from tests.unit.services.fakes.strategies import keepable_numbers, values


@given(values)
def test_every_value_survives_rendering_and_parsing(value: Any) -> None:
    assert exact_json.parse(exact_json.render(value)) == value


@given(keepable_numbers)
def test_a_number_of_up_to_38_digits_keeps_every_digit(number: Decimal) -> None:
    parsed = exact_json.number(str(number))

    assert Decimal(parsed) == number
    assert exact_json.number(str(parsed)) == parsed


@pytest.mark.parametrize("text", ["1", "1.0", "1e0", "10E-1", "1." + "0" * 5000])
def test_one_number_written_in_several_ways_is_one_value(text: str) -> None:
    parsed = exact_json.number(text)

    assert parsed == 1
    assert isinstance(parsed, int)


@pytest.mark.parametrize(
    "text", ["1e126", "1e-131", "9" * 39, "0." + "1" * 39, "1e99999999999999999999999", "-1e400"]
)
def test_a_number_that_dynamodb_cannot_hold_is_marked_as_such(text: str) -> None:
    assert exact_json.number(text) == exact_json.UNKEEPABLE


@pytest.mark.parametrize("text", ["0e999", "-0.0", "0e-999"])
def test_zero_is_zero_however_it_is_written(text: str) -> None:
    assert exact_json.render(exact_json.number(text)) == "0"


@pytest.mark.parametrize(
    ("document", "field", "problem"),
    [
        ("", "body", "is not JSON at line 1, column 1: Expecting value"),
        ('{"a": 1;}', "body", "is not JSON at line 1, column 8: Expecting ',' delimiter"),
        ('{"a": NaN}', "body", "has NaN, which is not JSON"),
        ('{"a": [-Infinity]}', "body", "has -Infinity, which is not JSON"),
        ('{"a": {"b": 1, "b": 2}}', "b", "occurs twice in one object"),
        ("[" * 100_000, "body", "is nested too deep"),
        (b'{"a": "\xff"}', "body", "is not UTF-8 at byte 7"),
        ('{"a": "\n"}', "body", "is not JSON at line 1, column 8: Invalid control character"),
    ],
)
def test_what_is_not_one_json_document_is_refused_with_the_place_or_the_name(
    document: Any, field: str, problem: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        exact_json.parse(document)

    detail = fakes.detail(refusal.value)
    assert detail["field"] == field
    assert detail["problem"].startswith(problem)


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidRequest):
        exact_json.parse(text)
