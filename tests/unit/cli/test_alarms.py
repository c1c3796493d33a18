"""`tap alarms` and `tap inbox` say what CloudWatch and the inbox have."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from cli import targets
from cli.commands.alarms import alarms, described
from cli.commands.inbox import inbox
from cli.errors import CliError
from localcloud.metrics.inbox import deliver


def alarm(name, state="OK", namespace="AWS/Lambda", function="api"):
    return {
        "AlarmName": name,
        "StateValue": state,
        "StateReason": "because",
        "Namespace": namespace,
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }


def on_math(name, *functions, **metric):
    found = [alarm("", function=each, **metric) for each in functions]
    metrics = [{"Id": "m", "MetricStat": {"Metric": each}} for each in found]
    return {
        "AlarmName": name,
        "StateValue": "OK",
        "StateReason": "",
        "Metrics": [{"Id": "e", "Expression": "m / m"}, *metrics],
    }


ANSWERS = {
    "list_metrics": {"Metrics": [alarm("")]},
    "describe_alarms": {
        "MetricAlarms": [
            alarm("calm"),
            alarm("ringing", "ALARM"),
            alarm("wrong", function="none"),
            alarm("mute", namespace="AWS/EC2"),
            on_math("math", "api"),
            on_math("mute math", "api", namespace="AWS/EC2"),
        ],
        "CompositeAlarms": [
            {
                "AlarmName": "composite",
                "StateValue": "ALARM",
                "StateReason": "because",
                "AlarmRule": '(ALARM("arn:aws:cloudwatch:r:1:alarm:calm") AND ALARM("math"))',
            }
        ],
    },
    "describe_alarm_history": {
        "AlarmHistoryItems": [
            {
                "AlarmName": name,
                "Timestamp": datetime(2026, 1, 1, tzinfo=UTC),
                "HistoryItemType": "Action",
                "HistorySummary": "done",
            }
            for name in ("Errors-1", "Latency-1")
        ]
    },
}


class CloudWatch:
    """Stands in for a client: one alarm of each kind, and their history."""

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **_: [ANSWERS[operation]])


def target(cloud=None, stacks=()):
    named = [SimpleNamespace(name=name) for name in stacks]
    return SimpleNamespace(clients=lambda service: CloudWatch(), stacks=named, cloud=cloud)


@pytest.fixture
def cloud(monkeypatch, tmp_path):
    """A running cloud with that client and an inbox of two messages."""
    for subject in ("first", "second"):
        deliver(tmp_path, to="ops@example.com", subject=subject, text=f"{subject} text", at=0)
    found = SimpleNamespace(home=tmp_path)
    monkeypatch.setattr(targets, "running_cloud", lambda home: found)
    monkeypatch.setattr(targets, "embedded", lambda cloud: target(cloud=cloud))


def test_an_alarm_is_listed_with_whether_its_own_metric_has_data_ringing_ones_first():
    found = [(each["alarm"], each["data"]) for each in described(target(cloud="here"))]

    assert found == [
        ("composite", "of its alarms"),
        ("ringing", "in the last hours"),
        ("calm", "in the last hours"),
        ("math", "in the last hours"),
        ("mute", "not published here: it never rings"),
        ("mute math", "not published here: it never rings"),
        ("wrong", "none in the last hours"),
    ]


def test_on_aws_the_alarms_are_those_of_the_apps_stacks():
    found = [(each["alarm"], each["data"]) for each in described(target(stacks=["ring", "mu"]))]

    assert found == [
        ("ringing", "in the last 2 weeks"),
        ("mute", "none in the last 2 weeks"),
        ("mute math", "none in the last 2 weeks"),
    ]


def test_an_alarm_on_others_names_them_and_one_on_math_its_metrics():
    watched = {each["alarm"]: each["metric"] for each in described(target(cloud="here"))}

    assert watched["composite"] == '(ALARM(calm) AND ALARM("math"))'
    assert watched["math"] == "AWS/Lambda Errors FunctionName=api"


@pytest.mark.usefixtures("cloud")
def test_alarms_are_printed_for_people_and_for_scripts(capsys):
    alarms()
    table = capsys.readouterr().out
    alarms(as_json=True)

    assert "AWS/Lambda Errors FunctionName=api" in table
    assert '"alarm": "ringing"' in capsys.readouterr().out


@pytest.mark.usefixtures("cloud")
def test_the_history_is_of_the_alarms_with_a_name(capsys):
    alarms(history="errors")
    table = capsys.readouterr().out
    alarms(history="errors", as_json=True)

    assert "Errors-1" in table
    assert "Latency-1" not in table
    assert '"summary": "done"' in capsys.readouterr().out


@pytest.mark.usefixtures("cloud")
def test_a_history_of_no_alarm_is_refused_by_name():
    with pytest.raises(CliError, match="no alarm with 'none' in its name"):
        alarms(history="none")


@pytest.mark.usefixtures("cloud")
def test_the_inbox_lists_its_mail_and_prints_one_message(capsys):
    inbox()
    table = capsys.readouterr().out
    inbox(number=2)
    text = capsys.readouterr().out
    inbox(number=1, as_json=True)

    assert "first" in table
    assert "second" in table
    assert "Subject: second\n\nsecond text" in text
    assert '"text": "first text"' in capsys.readouterr().out


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("number", [0, 3])
def test_a_message_that_is_not_there_is_refused(number):
    with pytest.raises(CliError, match=f"no message {number}; there are 2"):
        inbox(number=number)
