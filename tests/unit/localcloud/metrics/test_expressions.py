"""Metric math of alarms: what is evaluated, and that all else is refused by name."""

import pytest

from localcloud.metrics.expressions import calculate, check

PERIOD = {"Period": 60}


def alarm(expression, *periods, **changed):
    watched = [
        {"Id": f"m{number}", "MetricStat": {"Period": each}, "ReturnData": False}
        for number, each in enumerate(periods or (60, 60), 1)
    ]
    return {"Metrics": [{"Id": "e", "Expression": expression} | changed, *watched]}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("m1 / m2", 0.75),
        ("100 * m1 / m2", 75.0),
        ("(m1 + m2) - 0.5", 6.5),
        ("FILL(m1, 7)", 3.0),
        ("FILL(none, 7) / m2", 1.75),
        ("none / m2", None),
        ("m1 / none", None),
        ("m1 / zero", None),
        ("zero / m1", 0.0),
    ],
)
def test_an_expression_is_calculated_of_each_period_and_lacks_what_it_cannot_be(expression, value):
    known = {"m1": 3.0, "m2": 4.0, "none": None, "zero": 0.0}

    assert calculate(alarm(expression), known) == value


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("RATE(m1)", "RATE(m1)"),
        ("FILL(m1, REPEAT)", "FILL(m1, REPEAT)"),
        ("FILL(m1, 0, at=1)", "at=1"),
        ("m1 + m3", "m3"),
        ("IF(m1 > 1, m1, 0)", "IF(m1 > 1, m1, 0)"),
        ("m1 ^ m2", "m1 ^ m2"),
        ("m1 / 'two'", "two"),
        ("m1 /", "m1 /"),
        ("__import__('os')", "__import__"),
        ("m1.real", "m1.real"),
    ],
)
def test_any_other_expression_is_refused_by_name(expression, named):
    with pytest.raises(ValueError, match=r"is not evaluated here|could not convert") as error:
        check(alarm(expression))

    assert named in str(error.value)


@pytest.mark.parametrize(
    "wrong", [alarm("m1", 60, 300), alarm("m1", 60, ReturnData=False), {"Metrics": [{"Id": "e"}]}]
)
def test_metrics_have_one_period_and_one_of_them_is_returned(wrong):
    with pytest.raises(ValueError, match="one period and returns one"):
        check(wrong)


def test_a_metric_may_be_returned_as_it_is():
    only = {"Metrics": [{"Id": "m1", "MetricStat": PERIOD}]}
    check(only)

    assert calculate(only, {"m1": 2.0}) == 2.0
