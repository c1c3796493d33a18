"""What an alarm computes from its metrics: the part of CloudWatch's metric math that is known here.

Numbers, metrics by their ids, `+ - * /`, parentheses and `FILL(series, number)`; all else is
refused by name when the alarm is put, as CloudWatch refuses what is wrong:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
Python's grammar reads an expression, and nothing of it is executed.
"""

import ast
import operator
from collections.abc import Mapping
from typing import Any

Value = float | None  # None where there is no data point
_MATH = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_OPERATORS: dict[Any, Any] = {**_MATH, ast.Div: operator.truediv}


def statistics(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an alarm watches by its id: a `Metric`, `Stat`, `Period` and perhaps `Unit`."""
    if found := alarm.get("Metrics"):
        return {each["Id"]: each["MetricStat"] for each in found if "MetricStat" in each}
    own = {"Metric": alarm, "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic")}
    return {"only": own | {name: alarm.get(name) for name in ("Period", "Unit")}}


def check(alarm: Mapping[str, Any]) -> None:
    """Raise `ValueError` for metric math that is not evaluated here."""
    watched = statistics(alarm)
    if len({each["Period"] for each in watched.values()}) != 1 or len(_returned(alarm)) != 1:
        raise ValueError("metric math here has metrics of one period and returns one of Metrics")
    calculate(alarm, dict.fromkeys(watched, 1.0))


def calculate(alarm: Mapping[str, Any], known: Mapping[str, Value]) -> Value:
    """Return what an alarm watches in one period, given what its metrics were, by their ids."""
    [text] = _returned(alarm)
    try:
        return _value(ast.parse(text, mode="eval").body, known)
    except SyntaxError as error:
        raise ValueError(f"metric math {text!r} is not evaluated here: {error.msg}") from error


def _returned(alarm: Mapping[str, Any]) -> list[str]:
    found = alarm.get("Metrics") or [{"Id": "only"}]
    return [each.get("Expression", each["Id"]) for each in found if each.get("ReturnData", True)]


def _value(node: ast.expr, known: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=number):
            return float(str(number))
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            one, other = _value(left, known), _value(right, known)
            lacks = None in (one, other) or (isinstance(op, ast.Div) and not other)
            return None if lacks else float(_OPERATORS[type(op)](one, other))
        case ast.Call(func=ast.Name(id="FILL"), args=[of, ast.Constant() as instead], keywords=[]):
            found = _value(of, known)
            return _value(instead, known) if found is None else found
    raise ValueError(f"metric math {ast.unparse(node)!r} is not evaluated here")
