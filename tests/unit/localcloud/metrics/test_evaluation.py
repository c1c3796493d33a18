"""An alarm's state is what the CloudWatch user guide says, row by row.

"Configuring how CloudWatch alarms treat missing data" has two tables: 0 is a data point within the
threshold, X one that breaches it, - a missing one; the newest is on the right.
"""

import pytest

from localcloud.metrics.evaluation import Datapoint, judge, retrieved

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
NO_DATA, KEPT = "INSUFFICIENT_DATA", None
THREE_OF_THREE = [
    ("0-X-X", ("OK", "OK", "OK", "OK")),
    ("0----", ("OK", "OK", "OK", "OK")),
    ("-----", (NO_DATA, KEPT, "ALARM", "OK")),
    ("0XX-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("----X", (NO_DATA, KEPT, "ALARM", "OK")),
    ("X----", ("ALARM", KEPT, "ALARM", "OK")),
    ("--X--", ("ALARM", KEPT, "ALARM", "OK")),
    ("----0", ("OK", "OK", "OK", "OK")),
]
TWO_OF_THREE = [
    ("0-X-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("00X0X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0-X--", ("OK", "OK", "ALARM", "OK")),
    ("----0", ("OK", "OK", "ALARM", "OK")),
    ("----X", (NO_DATA, KEPT, "ALARM", "OK")),
    ("---X-", ("ALARM", KEPT, "ALARM", "OK")),
]


def alarm(**changed):
    return {
        "Namespace": "TAP",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 5.0,
        "EvaluationPeriods": 3,
    } | changed


def points(drawn):
    values = {"0": 1.0, "X": 9.0, "-": None}
    return [Datapoint(300.0 * number, values[each]) for number, each in enumerate(drawn)]


def state(drawn, **changed):
    found = judge(alarm(**changed), points(drawn))
    return found and found.state


def changed_to(one, datapoints):
    found = judge(one, datapoints)
    assert found
    return found


@pytest.mark.parametrize(("drawn", "states"), THREE_OF_THREE)
def test_three_of_three_as_the_user_guide_draws_it(drawn, states):
    assert tuple(state(drawn, TreatMissingData=each) for each in TREATMENTS) == states


@pytest.mark.parametrize(("drawn", "states"), TWO_OF_THREE)
def test_two_of_three_as_the_user_guide_draws_it(drawn, states):
    found = tuple(state(drawn, TreatMissingData=t, DatapointsToAlarm=2) for t in TREATMENTS)

    assert found == states


def test_five_periods_are_looked_at_where_three_are_evaluated():
    assert retrieved(alarm()) == 5


def test_missing_data_is_missing_when_the_alarm_says_nothing():
    assert state("-----") == NO_DATA


def test_missing_data_of_dynamodb_is_ignored_whatever_the_alarm_says():
    assert state("-----", Namespace="AWS/DynamoDB", TreatMissingData="breaching") is KEPT


@pytest.mark.parametrize(
    ("comparison", "ringing"),
    [
        ("GreaterThanOrEqualToThreshold", {5.0, 6.0}),
        ("GreaterThanThreshold", {6.0}),
        ("LessThanThreshold", {4.0}),
        ("LessThanOrEqualToThreshold", {4.0, 5.0}),
    ],
)
def test_a_value_is_compared_as_the_alarm_says(comparison, ringing):
    one = alarm(ComparisonOperator=comparison, EvaluationPeriods=1)
    found = {v for v in (4.0, 5.0, 6.0) if changed_to(one, [Datapoint(0, v)]).state == "ALARM"}

    assert found == ringing


def test_the_reason_of_an_alarm_names_its_data_points_as_cloudwatch_does():
    found = changed_to(alarm(EvaluationPeriods=1, Threshold=1.0), [Datapoint(1574437080.0, 2.0)])

    assert found.reason == (
        "Threshold Crossed: 1 datapoint [2.0 (22/11/19 15:38:00)] was greater than or equal to "
        "the threshold (1.0)."
    )


@pytest.mark.parametrize(
    ("drawn", "treated", "said"),
    [
        ("---", "notBreaching", "no datapoints were received for 3 periods and 3 missing"),
        ("---", "notBreaching", "3 missing datapoints were treated as [NonBreaching]."),
        ("X-X", "breaching", "2 datapoints [9.0 (01/01/70 00:10:00), 9.0 (01/01/70 00:00:00)]"),
        ("X-X", "breaching", "were received for 3 periods and 1 missing datapoint was treated as"),
        ("X-X", "breaching", "was treated as [Breaching]."),
        ("-X-X-", "missing", "[9.0 (01/01/70 00:15:00), 9.0 (01/01/70 00:05:00)] were greater"),
        (
            "X0X",
            "missing",
            "1 datapoint [1.0 (01/01/70 00:05:00)] was not greater than or equal to",
        ),
    ],
)
def test_the_reason_says_what_was_missing_and_how_it_was_treated(drawn, treated, said):
    reason = changed_to(alarm(TreatMissingData=treated), points(drawn)).reason

    assert reason.startswith("Threshold Crossed: ")
    assert said in reason


@pytest.mark.parametrize(
    ("drawn", "unknown"), [("---", "3 datapoints were"), ("-XX", "1 datapoint was")]
)
def test_the_reason_of_insufficient_data_counts_what_is_unknown(drawn, unknown):
    reason = changed_to(alarm(TreatMissingData="missing"), points(drawn)).reason

    assert reason == f"Insufficient Data: {unknown} unknown."
