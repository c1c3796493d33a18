"""Alarm drills: what goes wrong rings, with the deployed thresholds, and reaches who is to know.

The clock of the embedded cloud is put forward; nobody waits for five minutes.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.alarms import LONG_ENOUGH, MINUTE, Alarms, refusing
from tests.api import Api
from tests.deployment import SUFFIX, Deployment
from tests.partner import PartnerApi, eventually
from tests.store import Store

pytestmark = pytest.mark.embedded

HAS_DATA = ("in the last hours", "of its alarms")
# Of what has no limit here: a table on demand, a processor without credits.
WITHOUT_LIMITS = {
    *("ReadThrottleEvents", "WriteThrottleEvents", "CPUSurplusCreditsCharged"),
    "NumberOfBackupJobsFailed",  # nothing is backed up at night here
}
SERVER_ERRORS = f"TapStack{SUFFIX}-AlarmsHttpApiServerErrors"
BURN_RATE = f"TapStack{SUFFIX}AlarmsHttpApiBurnRate"


@pytest.fixture(scope="module")
def alarms(deployment: Deployment) -> Alarms:
    """The deployed alarms."""
    return Alarms(deployment)


@pytest.fixture
def subscriber(alarms: Alarms, deployment: Deployment) -> str:
    """An address that has subscribed to TapStack's alarms, and confirmed it."""
    address = f"{uuid.uuid4().hex}@example.com"
    topic = topic_of(alarms)
    sns = deployment.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    [asked] = alarms.mail(address)
    sns.confirm_subscription(TopicArn=topic, Token=asked["text"].rpartition(" ")[2])
    return address


@pytest.fixture(scope="module", autouse=True)
def _traffic(alarms: Alarms, api: Api, partner: PartnerApi, store: Store) -> None:
    """A request to everything, and one whose audit record is not taken."""
    assert api.get("/health").status == 200
    assert api.call("list").status == 200
    assert store.get("/api/products").status == 200
    assert store.get("/").status == 200
    assert partner.call("GET", "/items").status == 200
    with refusing(partner.deployment, partner.outputs["LambdaFunctionName"], "sqs:SendMessage"):
        assert partner.call("GET", "/items").status == 200
    alarms.wait(MINUTE)


def topic_of(alarms: Alarms) -> str:
    """The topic of TapStack's alarms."""
    return str(alarms.named(SERVER_ERRORS)["AlarmActions"][0])


@contextmanager
def another_alarm(deployment: Deployment, **metric: Any) -> Iterator[str]:
    """One more alarm on this metric, until the block ends; its name."""
    cloudwatch, name = deployment.client("cloudwatch"), f"suite-{uuid.uuid4().hex}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Statistic="Sum",
        Period=MINUTE,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        **metric,
    )
    try:
        yield name
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_every_deployed_alarm_watches_a_metric_that_somebody_publishes(alarms: Alarms) -> None:
    def mute() -> set[str]:
        watched = [each for each in alarms.described() if each["data"] not in HAS_DATA]
        return {each["metric"].split()[1] for each in watched}

    assert eventually(mute, lambda found: found == WITHOUT_LIMITS) == WITHOUT_LIMITS


def test_an_outage_rings_reaches_the_inbox_once_and_is_over_when_it_ends(
    alarms: Alarms, api: Api, deployment: Deployment, subscriber: str
) -> None:
    alarms.wait(LONG_ENOUGH)
    assert alarms.becomes(SERVER_ERRORS, "OK")
    before = len(alarms.history(SERVER_ERRORS))

    with refusing(deployment, deployment.outputs["ApiFunctionName"], "dynamodb:*"):
        assert api.call("read", id="none").status >= 500
    alarms.wait(MINUTE)
    rang = alarms.becomes(SERVER_ERRORS, "ALARM")
    # The clients go on: of an API that falls silent, CloudWatch looks at the old periods again, and
    # an alarm may ring a second time ("re-evaluate the last set of data points").
    for _ in range(LONG_ENOUGH // (4 * MINUTE)):
        assert api.call("read", id="none").status == 404
        alarms.wait(4 * MINUTE)

    assert rang
    assert alarms.becomes(SERVER_ERRORS, "OK")
    assert alarms.history(SERVER_ERRORS)[before:] == [
        "Alarm updated from OK to ALARM",
        f"Successfully executed action {topic_of(alarms)}",
        "Alarm updated from ALARM to OK",
    ]
    # Others may have rung meanwhile, by what other tests of this deployment did.
    [mail] = [each for each in alarms.mail(subscriber) if SERVER_ERRORS in each["subject"]]
    assert mail["subject"].startswith(f'ALARM: "{SERVER_ERRORS}')
    assert " was greater than or equal to the threshold (1.0)." in mail["text"]
    assert "docs/runbook.md#servererrors" in mail["text"]


def test_a_metric_of_a_functions_log_rings(
    alarms: Alarms, partner: PartnerApi, deployment: Deployment
) -> None:
    name = f"PartnerApiStack{deployment.suffix}-AlarmsAuditUndelivered"
    alarms.wait(LONG_ENOUGH)
    assert alarms.becomes(name, "OK")

    with refusing(deployment, partner.outputs["LambdaFunctionName"], "sqs:SendMessage"):
        partner.call("GET", "/items")
    alarms.wait(MINUTE)

    assert alarms.becomes(name, "ALARM")


def test_a_topic_that_does_not_admit_cloudwatch_is_mute_and_the_history_says_so(
    alarms: Alarms, deployment: Deployment, subscriber: str
) -> None:
    sns, topic = deployment.client("sns"), topic_of(alarms)
    which = {"TopicArn": topic, "AttributeName": "Policy"}
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    tls_only = json.loads(policy)
    tls_only["Statement"] = [each for each in tls_only["Statement"] if each["Effect"] == "Deny"]

    sns.set_topic_attributes(**which, AttributeValue=json.dumps(tls_only))
    mute = alarms.ring(SERVER_ERRORS)
    sns.set_topic_attributes(**which, AttributeValue=policy)

    arn = alarms.named(SERVER_ERRORS)["AlarmArn"]
    assert mute == (
        f'Failed to execute action {topic}. Received error: "Resource: {arn} is not authorized to '
        f"perform: SNS:Publish on resource: {topic} because no resource-based policy allows the "
        'SNS:Publish action"'
    )
    assert len(alarms.mail(subscriber)) == 1  # the question whether it wants any
    assert alarms.ring(SERVER_ERRORS) == f"Successfully executed action {topic}"
    assert len(alarms.mail(subscriber)) == 2


def test_a_key_that_cloudwatch_may_not_use_keeps_the_topic_mute(
    alarms: Alarms, deployment: Deployment, subscriber: str
) -> None:
    kms, which = deployment.client("kms"), {"KeyId": deployment.outputs["KMSKeyId"]}
    policy = kms.get_key_policy(**which, PolicyName="default")["Policy"]
    document = json.loads(policy)
    document["Statement"] = [
        each
        for each in document["Statement"]
        if "cloudwatch.amazonaws.com" not in json.dumps(each["Principal"])
    ]

    kms.put_key_policy(**which, PolicyName="default", Policy=json.dumps(document))
    mute = alarms.ring(SERVER_ERRORS)
    kms.put_key_policy(**which, PolicyName="default", Policy=policy)

    assert mute == (
        f"Failed to execute action {topic_of(alarms)}. Received error: "
        '"CloudWatch Alarms does not have authorization to access the SNS topic encryption key."'
    )
    assert len(alarms.mail(subscriber)) == 1


def test_an_alarm_on_a_wrong_dimension_never_rings_and_is_said_to_have_no_data(
    alarms: Alarms, api: Api, deployment: Deployment
) -> None:
    wrong = [{"Name": "FunctionName", "Value": "tap-api"}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": wrong}

    with another_alarm(deployment, **metric) as name:
        api.call("list")
        alarms.wait(MINUTE)
        right = [{"Name": "FunctionName", "Value": deployment.outputs["ApiFunctionName"]}]
        with another_alarm(deployment, **metric | {"Dimensions": right}) as other:
            api.call("list")
            alarms.wait(MINUTE)
            assert alarms.becomes(other, "ALARM")
        found = {each["alarm"]: each for each in alarms.described()}[name]

    assert (found["state"], found["data"]) == ("INSUFFICIENT_DATA", "none in the last hours")


def test_an_alarm_on_what_nothing_publishes_here_is_named(
    alarms: Alarms, deployment: Deployment
) -> None:
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": "ThrottledRequests"}
    table = [{"Name": "TableName", "Value": "t"}]

    with another_alarm(deployment, **metric, Dimensions=table) as name:
        found = {each["alarm"]: each for each in alarms.described()}[name]

    assert found["data"] == "not published here: it never rings"


def test_a_burst_within_the_budget_leaves_its_alarm_calm_and_more_errors_ring_it(
    alarms: Alarms, api: Api, deployment: Deployment, subscriber: str
) -> None:
    def fail(times: int) -> None:
        with refusing(deployment, deployment.outputs["ApiFunctionName"], "dynamodb:*"):
            for _ in range(times):
                assert api.call("read", id="none").status >= 500
        alarms.wait(MINUTE)
        # It rings at the first: this minute was evaluated.
        assert alarms.becomes(SERVER_ERRORS, "ALARM")

    alarms.wait(7 * 60 * MINUTE)  # of what failed before, nothing is in the longest window
    for _ in range(200):
        assert api.get("/health").status == 200
    alarms.wait(MINUTE)
    assert alarms.becomes(BURN_RATE, "OK")
    fail(1)  # one in two hundred; the slow burn is six in a thousand
    assert alarms.named(BURN_RATE)["StateValue"] == "OK"
    fail(5)

    assert alarms.becomes(BURN_RATE, "ALARM")
    [mail] = [each for each in alarms.mail(subscriber) if BURN_RATE in each["subject"]]
    assert "docs/runbook.md#burnrate" in mail["text"]
