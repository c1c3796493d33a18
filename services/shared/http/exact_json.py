"""JSON without loss: numbers stay exact, and what JSON leaves undefined is refused.

A number is an `int` when it is whole and a `Decimal` otherwise, so `1`, `1.0` and `1e0` are one
value. The limits are DynamoDB's: 38 significant digits, magnitude 1E-130 to 9.99...E+125
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
"""

import json
from decimal import Context, Decimal, DecimalException, Inexact, Overflow, Subnormal
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NoReturn, TypeAlias

from services.shared.http.errors import refused

Json: TypeAlias = Any  # what a JSON document can say; checked by schemas, not by types

_EXACT = Context(prec=38, Emin=-130, Emax=125, traps=[Inexact, Overflow, Subnormal])
_MALFORMED = "a JSON object in UTF-8 (RFC 8259)"
# A number that DynamoDB cannot hold: only the reader of the value can tell in which field.
UNKEEPABLE = Decimal("Infinity")


def number(text: str) -> int | Decimal:
    """Read a number exactly; return UNKEEPABLE for one that DynamoDB cannot hold."""
    try:
        exact = _EXACT.create_decimal(text)
    except DecimalException:
        return UNKEEPABLE
    whole = exact.to_integral_value()
    return int(whole) if exact == whole else exact.normalize(_EXACT)


def parse(text: str | bytes) -> Json:
    """Read a JSON document.

    Raises `InvalidRequest` for what is not JSON (NaN and Infinity included) or not UTF-8, a name
    that occurs twice in an object, and what is nested too deep to read.
    """
    try:
        document = text if isinstance(text, str) else text.decode("utf-8")
        return json.loads(
            document,
            parse_float=number,
            parse_int=number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_to_object,
        )
    except UnicodeDecodeError as error:
        raise refused("body", f"is not UTF-8 at byte {error.start}", _MALFORMED) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise refused("body", f"is not JSON at {where}: {error.msg}", _MALFORMED) from error
    except RecursionError as error:
        raise refused("body", "is nested too deep", "at most 32 levels in an item") from error


def render(value: Json) -> str:
    """Write a value as `parse` gives one, in ASCII, its numbers exactly."""
    # json.dumps would be faster, but it has no way to write a Decimal as a number.
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(k)}:{render(v)}" for k, v in value.items()]) + "}"
    return "[" + ",".join([render(part) for part in value]) + "]"


def _refuse_constant(name: str) -> NoReturn:
    raise refused("body", f"has {name}, which is not JSON", _MALFORMED)


def _to_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members: dict[str, Json] = {}
    for name, value in pairs:
        if name in members:
            raise refused(name, "occurs twice in one object", "each name once")
        members[name] = value
    return members
