"""The budget of instructions: more than it is refused, a line each."""

import json

import pytest

from benchmarks import budget, instructions

BUDGET = {
    "python": "3.11",
    "work": 100,
    "functions": {"items_api": {"cold": 800_000_000, "warm": 5_000_000}},
}


def found(*, work=100, cold=800_000_000, warm=5_000_000):
    return BUDGET | {"work": work, "functions": {"items_api": {"cold": cold, "warm": warm}}}


def test_what_takes_up_to_three_per_cent_more_is_let_pass():
    assert budget.over(BUDGET, found(cold=823_000_000, warm=5_140_000)) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cold": 840_000_000}, "items_api: a cold start takes 840.0 M instructions, 824.0 M are"),
        ({"warm": 5_250_000}, "items_api: a warm request takes 5.2 M instructions, 5.2 M are"),
    ],
)
def test_five_per_cent_more_are_refused_in_a_line(more, said):
    [line] = budget.over(BUDGET, found(**more))

    assert line.startswith(said)


def test_another_build_of_python_is_compared_by_its_own_work():
    slower = found(work=120, cold=960_000_000, warm=6_000_000)

    assert budget.over(BUDGET, slower) == []
    assert budget.over(BUDGET, found(work=80))


def test_every_function_of_the_budget_is_counted_and_no_other_is_allowed():
    assert set(json.loads(budget.FILE.read_text("utf-8"))["functions"]) == set(budget.FUNCTIONS)


def test_a_machine_without_valgrind_says_that_nothing_was_measured(monkeypatch, capsys):
    monkeypatch.setattr(instructions, "is_there", lambda: False)
    monkeypatch.setattr("sys.argv", ["budget"])

    assert budget.main() == 0
    assert "NOT MEASURED: " in capsys.readouterr().out

    monkeypatch.setattr("sys.argv", ["budget", "--must"])
    assert budget.main() == 1
