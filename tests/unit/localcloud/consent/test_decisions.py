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
    for name in ("evaluate", "evaluate_resource_policy"):
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


def test_without_the_variable_nothing_is_wrapped(monkeypatch):
    monkeypatch.delenv(decisions.RECORD, raising=False)
    before = iam_evaluator.evaluate

    decisions.install()

    assert iam_evaluator.evaluate is before


def test_a_service_that_a_policy_is_silent_about_is_refused(recorded):
    iam_evaluator.evaluate_resource_policy(
        {"Statement": []},
        EvalContext("*", "Anonymous", "", "s3:GetObject", "*", "us-east-1"),
        service="cloudfront.amazonaws.com",
    )

    [line] = recorded()
    assert (line["principal"], line["allowed"]) == ("cloudfront.amazonaws.com", False)
