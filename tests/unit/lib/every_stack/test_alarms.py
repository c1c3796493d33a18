"""The topic that alarms speak to."""

import json

import pytest

from tests.unit.lib.every_stack.alarms import RUNBOOK, context_of
from tests.unit.lib.policies import ACCOUNT, REGION, Request, admits, resolved
from tests.unit.synthesized import KINDS, SynthesizedStack

STRANGER = "999988887777"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aws:SourceAccount": STRANGER},
        {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{STRANGER}:alarm:theirs"},
        {"aws:SourceArn": f"arn:aws:cloudwatch:us-west-1:{ACCOUNT}:alarm:elsewhere"},
        {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/not-an-alarm"},
        {"aws:SecureTransport": "false"},
    ],
    ids=str,
)
def test_the_topic_takes_nothing_from_other_accounts_regions_sources_or_in_clear_text(
    stack: SynthesizedStack, wrong: dict[str, str]
) -> None:
    (topic,) = stack.all("AWS::SNS::Topic")
    (policy,) = stack.all("AWS::SNS::TopicPolicy").values()
    context = {**context_of("ours"), **wrong}

    publish = Request("cloudwatch.amazonaws.com", "sns:Publish", resolved({"Ref": topic}), context)

    assert not admits(resolved(policy["Properties"]["PolicyDocument"]["Statement"]), publish)


def test_alarms_are_mailed_when_there_is_someone_to_mail(stack: SynthesizedStack) -> None:
    mailed = [
        each["Properties"]["Endpoint"] for each in stack.all("AWS::SNS::Subscription").values()
    ]

    assert mailed == (["ops@example.com"] if stack.suffix == "prod" else [])


def test_every_section_of_the_runbook_is_of_an_alarm(prod: SynthesizedStack) -> None:
    stacks = [prod.other(kind) for kind in KINDS]
    alarms = [each for stack in stacks for each in stack.all("AWS::CloudWatch::Alarm").values()]

    assert {each["Properties"]["AlarmDescription"] for each in alarms} == RUNBOOK


def test_every_stack_has_a_dashboard_that_shows_its_traffic(stack: SynthesizedStack) -> None:
    (dashboard,) = stack.all("AWS::CloudWatch::Dashboard").values()

    assert '\\"Count\\"' in json.dumps(dashboard["Properties"]["DashboardBody"])
