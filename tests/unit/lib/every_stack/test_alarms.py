"""The topic that alarms speak to."""

import json
import re

import pytest

from tests.unit.lib.every_stack.alarms import RUNBOOK, context_of, every_alarm
from tests.unit.lib.every_stack.claim import named, properties
from tests.unit.lib.policies import ACCOUNT, REGION, Request, admits, resolved
from tests.unit.synthesized import KINDS, Json, SynthesizedStack

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
    alarms = [each for stack in stacks for each in every_alarm(stack).values()]

    assert {each["AlarmDescription"] for each in alarms} == RUNBOOK


def test_the_errors_that_an_api_may_have_are_watched_where_data_is_kept(
    stack: SynthesizedStack,
) -> None:
    kept = {("60", 1.44), ("5", 1.44), ("360", 0.6), ("30", 0.6)}
    parts = {
        (str(found[1]), each["Threshold"])
        for name, each in properties(stack, "AWS::CloudWatch::Alarm").items()
        if (found := re.search(r"Api.*Burn(\d+)Minutes", name))
    }

    assert parts == (kept if stack.suffix == "prod" else set())


@pytest.mark.parametrize("kind", KINDS)
def test_what_burns_fast_or_slowly_rings_by_a_long_and_a_short_window(
    prod: SynthesizedStack, kind: str
) -> None:
    stack = prod.other(kind)
    [burning] = properties(stack, "AWS::CloudWatch::CompositeAlarm").values()
    alarms = properties(stack, "AWS::CloudWatch::Alarm")

    rule = "".join(
        part if isinstance(part, str) else _minutes(alarms[named(part)])
        for part in burning["AlarmRule"]["Fn::Join"][1]
    )
    assert rule == ('((ALARM("60") AND ALARM("5")) OR (ALARM("360") AND ALARM("30")))')


def _minutes(alarm: Json) -> str:
    """The period of an alarm on the share of an API's requests that fail."""
    expression, failed, requests = alarm["Metrics"]
    assert expression["Expression"] == "100 * FILL(failed, 0) / requests"
    assert failed["MetricStat"]["Metric"]["MetricName"] in {"5xx", "5XXError"}
    assert requests["MetricStat"]["Metric"]["MetricName"] == "Count"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert failed["MetricStat"]["Period"] == requests["MetricStat"]["Period"]
    return str(failed["MetricStat"]["Period"] // 60)


def test_every_stack_has_a_dashboard_that_shows_its_traffic(stack: SynthesizedStack) -> None:
    (dashboard,) = stack.all("AWS::CloudWatch::Dashboard").values()

    assert '\\"Count\\"' in json.dumps(dashboard["Properties"]["DashboardBody"])
