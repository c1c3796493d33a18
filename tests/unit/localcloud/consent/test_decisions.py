"""What policies decide is written down where the server is told to, and nowhere else."""

import json

import pytest
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, ParsedStatement

from localcloud.consent import decisions

ROLE = "arn:aws:sts::000000000000:assumed-role/api/function"
POLICY = [[ParsedStatement("Items", "Allow", ["dynamodb:GetItem"], resources=["*"])]]


def asked(action):
    return EvalContext(ROLE, "AssumedRole", "000000000000", action, "*", "us-east-1")


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    for name in ("evaluate", "evaluate_resource_policy", "pin_request_caller"):
        monkeypatch.setattr(iam_evaluator, name, getattr(iam_evaluator, name))
    path = tmp_path / "decisions"
    monkeypatch.setenv(decisions.RECORD, str(path))
    decisions.install()
    return lambda: [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_decision_names_who_asked_for_what_and_which_statement_allowed_it(recorded):
    iam_evaluator.evaluate(asked("dynamodb:GetItem"), POLICY)

    assert recorded() == [
        {
            "principal": ROLE,
            "action": "dynamodb:GetItem",
            "resource": "*",
            "allowed": True,
            "statement": "Items",
            "by": "identity",
        }
    ]


def test_a_refusal_is_a_decision_too(recorded):
    found = iam_evaluator.evaluate(asked("dynamodb:Scan"), POLICY)

    assert found.decision == "ImplicitDeny"
    assert [(line["action"], line["allowed"]) for line in recorded()] == [("dynamodb:Scan", False)]


def test_a_resources_policy_is_told_apart_and_its_silence_is_no_decision(recorded):
    document = {
        "Statement": [
            {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
        ]
    }

    iam_evaluator.evaluate_resource_policy(document, asked("s3:GetObject"))
    iam_evaluator.evaluate_resource_policy(document, asked("sqs:SendMessage"))

    assert [(line["statement"], line["by"]) for line in recorded()] == [("All", "resource")]


def test_a_service_that_a_policy_is_silent_about_is_refused(recorded):
    iam_evaluator.evaluate_resource_policy(
        {"Statement": []},
        EvalContext("*", "Anonymous", "", "s3:GetObject", "*", "us-east-1"),
        service="cloudfront.amazonaws.com",
    )

    [line] = recorded()
    assert (line["principal"], line["allowed"]) == ("cloudfront.amazonaws.com", False)


TRACE = "1-6b09449a-a8f65661b7846c5c19a34e11"


@pytest.fixture
def traced(monkeypatch):
    for name in ("evaluate", "evaluate_resource_policy", "pin_request_caller"):
        monkeypatch.setattr(iam_evaluator, name, getattr(iam_evaluator, name))
    monkeypatch.delenv(decisions.RECORD, raising=False)
    decisions._LATEST.clear()
    decisions.install()


@pytest.mark.usefixtures("traced")
def test_a_decision_is_told_by_the_trace_that_its_call_is_of():
    for header in (
        f"Root={TRACE};Parent=0;Sampled=1",
        "Root=1-6b09449a-000000000000000000000000",
        "",
    ):
        iam_evaluator.pin_request_caller({"x-amzn-trace-id": header} if header else {})
        iam_evaluator.evaluate(asked("dynamodb:GetItem"), POLICY)

    assert [each["action"] for each in decisions.of_trace(TRACE)] == ["dynamodb:GetItem"]


@pytest.mark.usefixtures("traced")
def test_a_call_without_a_trace_is_kept_nowhere():
    iam_evaluator.pin_request_caller({})
    iam_evaluator.evaluate(asked("dynamodb:GetItem"), POLICY)

    assert not decisions._LATEST


@pytest.mark.usefixtures("traced")
def test_no_more_than_the_latest_decisions_are_kept():
    iam_evaluator.pin_request_caller({"x-amzn-trace-id": f"Root={TRACE}"})
    for _ in range(2001):
        iam_evaluator.evaluate(asked("dynamodb:GetItem"), POLICY)

    assert len(decisions.of_trace(TRACE)) == 2000
