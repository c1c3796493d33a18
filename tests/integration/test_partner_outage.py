"""The audit trail loses nothing when its writer cannot write, and heals when it can again."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deployment import Deployment
from tests.partner import PartnerApi, Trail, eventually, new_agent

REQUESTS = 30


@pytest.fixture(scope="module", autouse=True)
def _quick_retries(partner: PartnerApi, deployment: Deployment) -> Iterator[None]:
    """Let a record that failed come again soon: five times the timeout, to the dead letters."""
    sqs, url = deployment.client("sqs"), partner.outputs["AuditQueueUrl"]
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    seconds = "1" if deployment.home else "6"  # AWS gathers a batch for up to five seconds
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: seconds})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_records_of_an_outage_are_in_the_trail_once_in_the_end(partner: PartnerApi) -> None:
    trail, agent = Trail(partner), new_agent()
    before = _dead_letters(partner)

    with _writer_without_s3(partner):
        for number in range(REQUESTS):
            answer = partner.call("GET", f"/items/none-{number}", headers={"user-agent": agent})
            assert answer.status == 404  # the outage is not the client's
        waiting = eventually(
            lambda: _dead_letters(partner), lambda count: count >= before + REQUESTS
        )
        assert trail.of(agent, at_least=0) == []
    assert waiting == before + REQUESTS

    _redrive(partner)
    trail.of(agent, at_least=REQUESTS)
    _redrive(partner)  # once more: nothing is there to be moved
    time.sleep(2)
    found = [line.record["path"] for line in trail.of(agent, at_least=REQUESTS)]

    assert sorted(found) == sorted(f"/items/none-{number}" for number in range(REQUESTS))
    assert eventually(lambda: _dead_letters(partner), lambda count: count == before) == before


def test_a_poison_message_does_not_stop_the_others(
    partner: PartnerApi, deployment: Deployment
) -> None:
    sqs, trail, agent = deployment.client("sqs"), Trail(partner), new_agent()
    record = {"record_id": str(uuid.uuid4()), "time": "2026-01-01T00:00:00.000000Z"}
    poison = ["not JSON", "[]", json.dumps(record), '{"path": "../../escaped"}']
    before = _dead_letters(partner)

    for body in poison:
        sqs.send_message(QueueUrl=partner.outputs["AuditQueueUrl"], MessageBody=body)
        partner.call("GET", "/", headers={"user-agent": agent})

    assert len(trail.of(agent, at_least=len(poison))) == len(poison)
    wanted = before + len(poison)
    assert eventually(lambda: _dead_letters(partner), lambda count: count >= wanted) == wanted
    assert sorted(_take_dead_letters(partner, poison)) == sorted(poison)


@contextmanager
def _writer_without_s3(partner: PartnerApi) -> Iterator[None]:
    """Take the writer's permission to write to S3 away until the block ends."""
    deployment, iam = partner.deployment, partner.deployment.client("iam")
    writer = deployment.client("lambda").get_function_configuration(
        FunctionName=partner.outputs["AuditWriterFunctionName"]
    )
    policy = {"RoleName": writer["Role"].rpartition("/")[2], "PolicyName": "suite-outage"}
    denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    settle = 0 if deployment.home else 20  # until all of AWS knows
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        time.sleep(settle)
        yield
    finally:
        iam.delete_role_policy(**policy)
        time.sleep(settle)


def _dead_letters(partner: PartnerApi) -> int:
    attributes = ["ApproximateNumberOfMessages"]
    found = partner.deployment.client("sqs").get_queue_attributes(
        QueueUrl=partner.outputs["AuditDeadLetterQueueUrl"], AttributeNames=attributes
    )
    return int(found["Attributes"][attributes[0]])


def _take_dead_letters(partner: PartnerApi, bodies: list[str]) -> list[str]:
    """Delete the dead letters with these bodies, and no other; the bodies of those deleted."""
    sqs, url = partner.deployment.client("sqs"), partner.outputs["AuditDeadLetterQueueUrl"]
    taken: list[str] = []
    while batch := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=10
    ).get("Messages"):
        for message in batch:
            if message["Body"] in bodies:
                taken.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


def _redrive(partner: PartnerApi) -> None:
    deployment = partner.deployment
    if deployment.home:
        deployment.tap("redrive")
        return
    sqs = deployment.client("sqs")
    arn = sqs.get_queue_attributes(
        QueueUrl=partner.outputs["AuditDeadLetterQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    sqs.start_message_move_task(SourceArn=arn)
    eventually(
        lambda: sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"],
        lambda status: status != "RUNNING",
    )
