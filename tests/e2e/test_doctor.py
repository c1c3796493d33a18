"""`tap doctor` on the embedded cloud: what is broken is told, and what is mended is ok again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.alarms import BURNT_OUT, Alarms
from tests.deployment import Deployment
from tests.partner import PartnerApi, eventually

pytestmark = pytest.mark.embedded
Findings = dict[tuple[str, str], str]


@pytest.fixture
def examine(deployment: Deployment) -> Callable[[], Findings]:
    """Runs `tap doctor`; returns what is wrong: by check and subject, what is said."""

    def run() -> Findings:
        said = deployment.tap("doctor", "--json", check=False)
        rows = json.loads(said.stdout)
        wrong = [row for row in rows if row["verdict"] == "wrong"]
        assert said.returncode == (1 if wrong else 0), said.stderr
        return {(row["check"], row["about"]): row["said"] for row in wrong}

    return run


@pytest.fixture
def alarm(deployment: Deployment) -> Any:
    """An alarm of the partner API's stack, as CloudWatch describes it."""
    found = deployment.client("cloudwatch").describe_alarms(AlarmNamePrefix="PartnerApiStack")
    return found["MetricAlarms"][0]


def test_of_a_deployment_nothing_is_wrong_but_that_nobody_is_told(
    examine: Callable[[], Findings], deployment: Deployment
) -> None:
    Alarms(deployment).wait(BURNT_OUT)  # what other tests let fail is past then

    wrong = eventually(
        lambda: {check for check, _ in examine()}, lambda found: found <= {"subscribers"}
    )
    assert wrong <= {"subscribers"}


def test_what_cannot_be_seen_here_is_not_said_to_be_ok(deployment: Deployment) -> None:
    rows = json.loads(deployment.tap("doctor", "--json", check=False).stdout)

    unknown = {row["check"] for row in rows if row["verdict"] == "not known"}
    assert "account" in unknown


@contextmanager
def _on_topic(deployment: Deployment, topic: str) -> Iterator[None]:
    sns = deployment.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    try:
        yield
    finally:
        for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def test_a_topic_without_a_subscriber_is_told(
    deployment: Deployment, examine: Callable[[], Findings], alarm: Any
) -> None:
    [topic] = alarm["AlarmActions"]
    about = "subscribers", topic.rpartition(":")[2]

    with _on_topic(deployment, topic):
        before = examine()
    after = examine()

    assert about not in before
    assert "alarmEmail" in after[about]


def test_an_alarm_without_an_action_is_told(
    deployment: Deployment, examine: Callable[[], Findings], alarm: Any
) -> None:
    cloudwatch, names = deployment.client("cloudwatch"), [alarm["AlarmName"]]
    cloudwatch.disable_alarm_actions(AlarmNames=names)
    try:
        found = examine()
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=names)

    assert "without telling anybody" in found["alarms", alarm["AlarmName"]]


def test_a_dead_letter_is_told(
    deployment: Deployment, examine: Callable[[], Findings], partner: PartnerApi
) -> None:
    sqs, url = deployment.client("sqs"), partner.outputs["AuditDeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="no record")
    try:
        found = examine()
    finally:
        sqs.purge_queue(QueueUrl=url)

    assert "`tap redrive`" in found["letters", url.rpartition("/")[2]]


def test_a_table_that_cannot_be_brought_back_is_told(
    deployment: Deployment, examine: Callable[[], Findings]
) -> None:
    table, dynamodb = deployment.outputs["DynamoDBTableName"], deployment.client("dynamodb")

    def recover(enabled: bool) -> None:
        wanted = {"PointInTimeRecoveryEnabled": enabled}
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wanted)

    recover(False)
    try:
        found = examine()
    finally:
        recover(True)

    assert "point-in-time recovery is off" in found["backups", table]


def test_an_address_that_does_not_answer_is_told(
    deployment: Deployment, examine: Callable[[], Findings]
) -> None:
    functions = deployment.client("lambda")
    name = deployment.outputs["HealthFunctionName"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        found = examine()
    finally:
        functions.delete_function_concurrency(FunctionName=name)

    assert "`tap logs`" in found["addresses", "GET tap /health"]


def test_a_topic_that_takes_no_alarms_is_told(
    deployment: Deployment, examine: Callable[[], Findings], alarm: Any
) -> None:
    [topic], sns = alarm["AlarmActions"], deployment.client("sns")
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    mute = json.loads(policy)
    mute["Statement"] = [each for each in mute["Statement"] if each["Effect"] == "Deny"]

    def put(text: str) -> None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)

    put(json.dumps(mute))
    try:
        found = examine()
    finally:
        put(policy)

    assert (
        "does not let cloudwatch" in found["policies", f"{topic.rpartition(':')[2]} takes alarms"]
    )
