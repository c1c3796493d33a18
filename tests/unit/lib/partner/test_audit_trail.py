"""The queue of audit records, and the bucket that keeps them."""

import json

from tests.unit.synthesized import Json, SynthesizedStack


def test_the_trail_goes_to_infrequent_access_and_then_away(stack: SynthesizedStack) -> None:
    bucket = stack.at("Audit/Logs")
    (rule,) = [
        rule
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if rule.get("Prefix") == "api-logs/"
    ]

    assert rule["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}]
    assert rule["ExpirationInDays"] == 90


def bucket_denials(stack: SynthesizedStack) -> dict[str, Json]:
    """The denials of the trail's bucket, by their ids."""
    (policy,) = [
        each["Properties"]
        for each in stack.all("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == stack.ref("Audit/Logs")
    ]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"] if "Sid" in each}


def records(stack: SynthesizedStack) -> Json:
    """The ARN of every record."""
    return {"Fn::Join": ["", [stack.arn("Audit/Logs"), "/api-logs/*"]]}


def test_nobody_writes_over_a_record(stack: SynthesizedStack) -> None:
    assert bucket_denials(stack)["OnlyNewNames"] == {
        "Sid": "OnlyNewNames",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": records(stack),
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }


def test_where_data_is_kept_nobody_deletes_a_record_and_elsewhere_the_stack_does(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    assert bucket_denials(prod)["NothingGoes"] == {
        "Sid": "NothingGoes",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        "Resource": records(prod),
    }
    assert set(bucket_denials(dev)) == {"OnlyNewNames"}
    assert not prod.all("Custom::S3AutoDeleteObjects")


def test_where_data_is_kept_a_record_is_locked_for_as_long_as_it_is_kept(
    dev: SynthesizedStack, prod: SynthesizedStack
) -> None:
    kept, thrown_away = (stack.at("Audit/Logs") for stack in (prod, dev))
    rules = kept["LifecycleConfiguration"]["Rules"]
    (expiry,) = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]

    assert kept["ObjectLockEnabled"] is True
    assert kept["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "GOVERNANCE",
        "Days": expiry,
    }
    assert not [name for name in thrown_away if name.startswith("ObjectLock")]


def test_a_version_that_was_written_over_is_kept_as_long_as_a_record(
    stack: SynthesizedStack,
) -> None:
    bucket = stack.at("Audit/Logs")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    (expiry,) = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]
    after = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    ]

    assert after == [expiry]


def test_the_writer_may_write_and_neither_read_nor_delete(stack: SynthesizedStack) -> None:
    actions = [
        action
        for statement in stack.statements("audit_writer").values()
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if action.startswith("s3:")
    ]

    assert actions == ["s3:PutObject"]


def test_a_record_is_tried_five_times_and_then_kept_for_fourteen_days(
    stack: SynthesizedStack,
) -> None:
    queue, dead_letters = (stack.at(f"Audit/Unwritten/{name}") for name in ("Queue", "DeadLetters"))
    writer = stack.function("audit_writer")

    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": stack.arn("Audit/Unwritten/DeadLetters"),
        "maxReceiveCount": 5,
    }
    assert queue["VisibilityTimeout"] >= 6 * writer["Timeout"]
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600
    allowed = dead_letters["RedriveAllowPolicy"]
    assert f":{queue['QueueName']}" in json.dumps(allowed["sourceQueueArns"])


def test_the_writer_takes_batches_reports_single_failures_and_leaves_room_for_the_api(
    stack: SynthesizedStack,
) -> None:
    mapping = stack.properties("AWS::Lambda::EventSourceMapping")

    assert mapping["EventSourceArn"] == stack.arn("Audit/Unwritten/Queue")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (1000, 5)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_each_way_to_lose_a_record_has_its_alarm(stack: SynthesizedStack) -> None:
    watched = {
        (each["Properties"]["MetricName"], json.dumps(each["Properties"]["Dimensions"][0]["Value"]))
        for each in stack.all("AWS::CloudWatch::Alarm").values()
        if "MetricName" in each["Properties"]
    }
    queue, dead_letters = (
        json.dumps({"Fn::GetAtt": [stack.id_of(f"Audit/Unwritten/{name}"), "QueueName"]})
        for name in ("Queue", "DeadLetters")
    )

    assert watched >= {
        ("ApproximateNumberOfMessagesVisible", dead_letters),
        ("ApproximateAgeOfOldestMessage", queue),
        ("AuditUndelivered", json.dumps(stack.function("partner_api")["FunctionName"])),
    }
