"""The audit trail's queue, then its bucket, is refused: no record is lost, and an alarm rings."""

import json
import time

import pytest

from tests.alarms import refusing
from tests.deployment import SUFFIX, Deployment
from tests.drills.conftest import Bell, Records
from tests.partner import PartnerApi, eventually

pytestmark = pytest.mark.embedded
UNDELIVERED = f"PartnerApiStack{SUFFIX}-AlarmsAuditUndelivered"
DEAD_LETTERS = f"PartnerApiStack{SUFFIX}-AlarmsAuditDeadLetters"


@pytest.mark.drill(name="queue-refused", breaks="the partner API may not send to the audit queue")
def test_records_that_the_queue_refuses_are_in_the_log(
    deployment: Deployment, partner: PartnerApi, records: Records, bell: Bell
) -> None:
    bell.silent(UNDELIVERED)
    began = int(time.time() * 1000) - 5000

    with records.load("queue-refused") as load:
        load.until(10)
        with refusing(deployment, partner.outputs["LambdaFunctionName"], "sqs:SendMessage"):
            load.say("the queue is refused")
            load.until(20)
        load.say("the queue is there again")
        load.until(10)

    kept = eventually(
        lambda: records.kept() + _logged(deployment, partner, records.agent, began),
        lambda found: len(found) >= len(load.answered),
    )
    assert load.count(kept).is_whole()
    assert set(load.became) == {"done"}
    assert bell.rings(UNDELIVERED)


@pytest.mark.long
@pytest.mark.drill(name="bucket-refused", breaks="the audit writer may not write to its bucket")
def test_records_that_the_bucket_refuses_are_dead_letters_and_come_back(
    deployment: Deployment, partner: PartnerApi, records: Records, bell: Bell
) -> None:
    bell.silent(DEAD_LETTERS)

    with records.load("bucket-refused") as load:
        load.until(10)
        with refusing(deployment, partner.outputs["AuditWriterFunctionName"], "s3:PutObject"):
            load.say("the bucket is refused")
            load.until(20)
            waiting = eventually(
                lambda: records.waiting("AuditDeadLetterQueueUrl"), lambda found: found >= 1
            )
            assert bell.rings(DEAD_LETTERS)
        load.say(f"the bucket is there again; {waiting} dead letters or more are redriven")
    eventually(lambda: _settled(deployment, records), bool)

    assert load.count(records.kept()).is_whole()
    assert set(load.became) == {"done"}


def _settled(deployment: Deployment, records: Records) -> bool:
    """Redrive what is dead; whether nothing waits any more."""
    deployment.tap("redrive")
    return not records.waiting("AuditDeadLetterQueueUrl") + records.waiting("AuditQueueUrl")


def _logged(deployment: Deployment, partner: PartnerApi, agent: str, began: int) -> list[str]:
    """The names of the records that are in the function's log."""
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=partner.outputs["LambdaFunctionName"]
    )
    pages = (
        deployment.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=function["LoggingConfig"]["LogGroup"],
            filterPattern='"audit_record_undelivered"',
            startTime=began,
        )
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    found = [json.loads(line["audit_record"]) for line in lines if "audit_record" in line]
    return [each["path"].rpartition("/")[2] for each in found if each["user_agent"] == agent]
