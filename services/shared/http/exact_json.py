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
# Stands for a number that cannot be kept: only the reader of the value can tell its field.
UNKEEPABLE = Decimal("Infinity")


def number(text: str) -> int | Decimal:
    """The number that the text says, exactly; UNKEEPABLE when DynamoDB cannot hold it."""
    try:
        exact = _EXACT.create_decimal(text)
    except DecimalException:
        return UNKEEPABLE
    whole = exact.to_integral_value()
    return int(whole) if exact == whole else exact.normalize(_EXACT)


def parse(text: str | bytes) -> Json:
    """The value of a JSON document.

    Raises `InvalidRequest` for what is not JSON (NaN and Infinity included), invalid UTF-8, a
    name that occurs twice in an object, and nesting too deep to read.
    """
    try:
        document = text if isinstance(text, str) else text.decode("utf-8")
        return json.loads(
            document,
            parse_float=number,
            parse_int=number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise refused("body", f"is not UTF-8 at byte {error.start}", _MALFORMED) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise refused("body", f"is not JSON at {where}: {error.msg}", _MALFORMED) from error
    except RecursionError as error:
        raise refused("body", "is nested too deep", "at most 32 levels in an item") from error


def render(value: Json) -> str:
    """The JSON document of a value that `parse` could have given, in ASCII, numbers exact."""
    # json.dumps would be faster, but it has no way to write a Decimal as a number.
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(k)}:{render(v)}" for k, v in value.items()]) + "}"
    return "[" + ",".join([render(part) for part in value]) + "]"


def _refuse_constant(name: str) -> NoReturn:
    raise refused("body", f"has {name}, which is not JSON", _MALFORMED)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        first = {name: place for place, (name, _) in reversed(list(enumerate(pairs)))}
        twice = next(name for place, (name, _) in enumerate(pairs) if first[name] != place)
        raise refused(twice, "occurs twice in one object", "each name once")
    return members
