"""`tap doctor`: each check says what is wrong, by answers that AWS alone can give."""

import json
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import apis, preflight
from cli.errors import CliError
from tools import doctor
from tools.doctor import Site, deployment
from tools.doctor.site import OK, UNKNOWN, WRONG

TOPIC = "arn:aws:sns:eu-central-1:111111111111:alarms"
STACK = SimpleNamespace(name="TapStackprod", described={"StackStatus": "UPDATE_COMPLETE"})
CALM = {"StateValue": "OK", "StateReason": "", "ActionsEnabled": True, "AlarmActions": [TOPIC]}


class Client:
    """A client of any service: each operation answers what a test gave for it."""

    def __init__(self, answers):
        self._answers = answers

    def __getattr__(self, operation):
        def answer(**given):
            found = self._answers[operation]
            return found(**given) if callable(found) else found

        return answer

    def get_paginator(self, operation):
        """One page."""
        return SimpleNamespace(paginate=lambda **given: [getattr(self, operation)(**given)])


def site(ids=None, deployed=(STACK,), names=(), **answers):
    """A site on AWS with these physical ids by type, and what its clients answer."""
    client = Client(answers)
    target: Any = SimpleNamespace(
        clients=lambda _service, **_: client,
        stacks=[],
        names=names,
        cloud=None,
        account=SimpleNamespace(environment=dict),
        region="eu-central-1",
        apis=lambda: {"tap": "x"},
    )
    made = Site(target)
    target.stacks = list(deployed)
    made.ids = defaultdict(list, ids or {})
    return made


def found(check, here):
    """What a check finds, by what it is about."""
    return {each.about: (each.verdict, each.said) for each in check(here)}


def alarmed(**answers):
    return site({"AWS::CloudWatch::Alarm": ["Errors"]}, **answers)


def alarm(**changed):
    return {"MetricAlarms": [{"AlarmName": "Errors", **CALM, **changed}, {"AlarmName": "not ours"}]}


def secret(days_ago, **changed):
    last = datetime.now(UTC) - timedelta(days=days_ago)
    rules = {"AutomaticallyAfterDays": 30}
    told = {"Name": "cursors", "RotationEnabled": True, "RotationRules": rules}
    return told | {"LastRotatedDate": last, "CreatedDate": last} | changed


SECRETS = {"AWS::SecretsManager::Secret": ["s"], "AWS::SecretsManager::RotationSchedule": ["s"]}


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        (secret(30), OK, "every 30 days"),
        (secret(32), WRONG, "rotate-secret --secret-id cursors"),
        (secret(32, LastRotatedDate=None), WRONG, "is due"),
        (secret(1, RotationEnabled=False), WRONG, "its rotation is off"),
    ],
)
def test_a_secret_is_to_be_rotated_within_its_schedule(told, verdict, said):
    is_, why = found(doctor.CHECKS["secrets"], site(SECRETS, describe_secret=told))["cursors"]

    assert (is_, said in why) == (verdict, True)


def test_a_secret_without_a_schedule_is_not_asked_for_one():
    ids = {"AWS::SecretsManager::Secret": ["s"]}

    here = site(ids, describe_secret=secret(400, RotationEnabled=False))

    assert found(doctor.CHECKS["secrets"], here)["cursors"][0] == OK


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"AlarmActions": []}, "without telling anybody"),
        ({"ActionsEnabled": False}, "without telling anybody"),
        ({"StateValue": "ALARM", "StateReason": "too many"}, "it rings: too many"),
    ],
)
def test_an_alarm_is_to_be_calm_and_to_tell_somebody(changed, said):
    verdict, why = found(doctor.CHECKS["alarms"], alarmed(describe_alarms=alarm(**changed)))[
        "Errors"
    ]

    assert (verdict, said in why) == (WRONG, True)


PAIR = {
    "MetricAlarms": [{"AlarmName": "Errors", **CALM, "AlarmActions": [], "StateValue": "ALARM"}],
    "CompositeAlarms": [{"AlarmName": "Both", "AlarmRule": 'ALARM("arn:alarm:Errors")', **CALM}],
}


def paired(**answers):
    """A site with an alarm that is part of another."""
    ids = {"AWS::CloudWatch::Alarm": ["Errors"], "AWS::CloudWatch::CompositeAlarm": ["Both"]}
    return site(ids, describe_alarms=PAIR, **answers)


def test_a_part_of_another_alarm_need_not_tell_anybody_nor_be_calm():
    assert found(doctor.CHECKS["alarms"], paired()) == {"alarms": (OK, "2 are there")}


def test_an_alarm_on_others_is_rung_by_them():
    rung = []
    told = {"AlarmHistoryItems": [{"HistorySummary": "Successfully executed action x"}]}
    here = paired(
        set_alarm_state=lambda **given: rung.append(given["AlarmName"]),
        describe_alarm_history=told,
    )

    assert set(found(doctor.RING["ring"], here)) == {"Both"}
    assert rung == ["Errors"]


@pytest.mark.parametrize(
    ("arns", "verdict", "said"),
    [
        ([f"{TOPIC}:1"], OK, "1 subscribed"),
        (["PendingConfirmation"], WRONG, "confirm what SNS mailed"),
        ([], WRONG, "alarmEmail"),
    ],
)
def test_a_topic_is_to_have_a_subscriber_who_confirmed(arns, verdict, said):
    told = {"Subscriptions": [{"SubscriptionArn": arn} for arn in arns]}

    here = alarmed(describe_alarms=alarm(), list_subscriptions_by_topic=told)

    is_, why = found(doctor.CHECKS["subscribers"], here)["alarms"]
    assert (is_, said in why) == (verdict, True)


def policy(*statements):
    return json.dumps({"Statement": list(statements)})


def says(effect, service, *actions):
    return {"Effect": effect, "Principal": {"Service": service}, "Action": list(actions)}


PUBLISH = says("Allow", "cloudwatch.amazonaws.com", "sns:Publish")
USE = says("Allow", ["cloudwatch.amazonaws.com"], "kms:Decrypt", "kms:GenerateDataKey*")
LOGS = says("Allow", "logs.eu-central-1.amazonaws.com", "kms:*")


@pytest.mark.parametrize(
    ("topic", "key", "wrong"),
    [
        (policy(PUBLISH), policy(USE, LOGS), set()),
        (policy(says("Deny", "*", "sns:Publish")), policy(USE, LOGS), {"alarms takes alarms"}),
        (policy(PUBLISH), policy(LOGS), {"key k: kms:Decrypt", "key k: kms:GenerateDataKey"}),
        (policy(PUBLISH), policy(USE), {"key k: kms:Decrypt", "key k: kms:GenerateDataKey"}),
        (
            policy(PUBLISH),
            policy(USE, LOGS, says("Deny", "cloudwatch.amazonaws.com", "kms:Decrypt")),
            {"key k: kms:Decrypt"},
        ),
    ],
)
def test_alarms_may_publish_and_alarms_and_logs_may_use_the_key(topic, key, wrong):
    here = alarmed(
        describe_alarms=alarm(),
        get_topic_attributes={"Attributes": {"Policy": topic, "KmsMasterKeyId": "k"}},
        describe_log_groups={"logGroups": [{"kmsKeyId": "arn:aws:kms:eu-central-1:1:key/k"}]},
        get_key_policy={"Policy": key},
    )
    here.ids["AWS::Logs::LogGroup"] = ["/aws/lambda/f"]

    told = {each.about for each in doctor.CHECKS["policies"](here) if each.verdict == WRONG}

    assert told == wrong


def test_a_statement_for_everybody_denies_a_service_too():
    here = alarmed(
        describe_alarms=alarm(),
        get_topic_attributes={
            "Attributes": {
                "Policy": policy(PUBLISH, {"Effect": "Deny", "Principal": "*", "Action": "sns:*"})
            }
        },
    )

    assert found(doctor.CHECKS["policies"], here)["alarms takes alarms"][0] == WRONG


@pytest.mark.parametrize(("status", "verdict"), [("ENABLED", OK), ("DISABLED", WRONG)])
def test_a_table_is_to_be_recoverable(status, verdict):
    told = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}}
    here = site(
        {"AWS::DynamoDB::Table": ["items"]},
        describe_continuous_backups={"ContinuousBackupsDescription": told},
    )

    assert found(doctor.CHECKS["backups"], here)["items"][0] == verdict


@pytest.mark.parametrize(("days", "verdict"), [(7, OK), (0, WRONG)])
def test_a_database_is_to_have_automated_backups(days, verdict):
    told = {"DBInstances": [{"BackupRetentionPeriod": days}]}
    here = site({"AWS::RDS::DBInstance": ["store"]}, describe_db_instances=told)

    assert found(doctor.CHECKS["backups"], here)["store"][0] == verdict


@pytest.mark.parametrize(("points", "verdict"), [([{}], OK), ([], UNKNOWN)])
def test_a_vault_without_a_copy_waits_for_the_night(points, verdict):
    told = {"RecoveryPoints": points}
    here = site({"AWS::Backup::BackupVault": ["vault"]}, list_recovery_points_by_backup_vault=told)

    assert found(doctor.CHECKS["backups"], here)["vault"][0] == verdict


@pytest.mark.parametrize(("count", "verdict"), [("0", OK), ("2", WRONG)])
def test_a_dead_letter_is_wrong_and_a_letter_that_waits_is_not(count, verdict):
    redriven = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": "a:dead"})}

    def told(**given):
        own = redriven if given["QueueUrl"] == "audit" else {}
        messages = "5" if given["QueueUrl"] == "audit" else count
        return {
            "Attributes": {
                "QueueArn": f"a:{given['QueueUrl']}",
                "ApproximateNumberOfMessages": messages,
                **own,
            }
        }

    here = site({"AWS::SQS::Queue": ["audit", "dead"]}, get_queue_attributes=told)

    assert {k: v[0] for k, v in found(doctor.CHECKS["letters"], here).items()} == {"dead": verdict}


def test_a_letter_that_was_received_and_not_deleted_is_a_dead_letter_too():
    def told(**given):
        redriven = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": "a:dead"})}
        counts = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "1"}
        own = redriven if given["QueueUrl"] == "audit" else {}
        return {"Attributes": {"QueueArn": f"a:{given['QueueUrl']}", **counts, **own}}

    here = site({"AWS::SQS::Queue": ["audit", "dead"]}, get_queue_attributes=told)

    assert found(doctor.CHECKS["letters"], here)["dead"][0] == WRONG


@pytest.mark.parametrize(
    ("status", "verdict"), [("IN_SYNC", OK), ("DRIFTED", WRONG), ("UNKNOWN", UNKNOWN)]
)
def test_what_drifted_is_told_once_cloudformation_has_looked(monkeypatch, status, verdict):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    looks = iter(["DETECTION_IN_PROGRESS", "DETECTION_COMPLETE"])
    here = site(
        detect_stack_drift={"StackDriftDetectionId": "d"},
        describe_stack_drift_detection_status=lambda **_: {
            "DetectionStatus": next(looks),
            "StackDriftStatus": status,
        },
        describe_stack_resource_drifts={
            "StackResourceDrifts": [
                {"LogicalResourceId": "Table", "StackResourceDriftStatus": "DELETED"}
            ]
        },
    )

    assert found(doctor.CHECKS["drift"], here)["TapStackprod"][0] == verdict


@pytest.mark.parametrize(
    ("path", "verdict"), [("/JwtConfiguration/Audience/1", OK), ("/Name", WRONG)]
)
def test_a_client_that_an_operator_made_is_no_drift(path, verdict):
    drifts = [
        {
            "LogicalResourceId": "Jwt",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [{"PropertyPath": path}],
        }
    ]
    status = {"DetectionStatus": "DETECTION_COMPLETE", "StackDriftStatus": "DRIFTED"}
    here = site(
        detect_stack_drift={"StackDriftDetectionId": "d"},
        describe_stack_drift_detection_status=status,
        describe_stack_resource_drifts={"StackResourceDrifts": drifts},
    )

    assert found(doctor.CHECKS["drift"], here)["TapStackprod"][0] == verdict


def test_a_look_for_drift_that_does_not_end_is_not_said_to_be_ok(monkeypatch):
    monkeypatch.setattr(deployment, "_PATIENCE_SECONDS", 0)
    here = site(detect_stack_drift={"StackDriftDetectionId": "d"})

    assert found(doctor.CHECKS["drift"], here)["TapStackprod"][0] == UNKNOWN


def test_a_stack_that_is_missing_or_failed_is_wrong():
    failed = SimpleNamespace(name="B", described={"StackStatus": "UPDATE_ROLLBACK_COMPLETE"})

    told = found(doctor.CHECKS["deployed"], site(deployed=(STACK, failed), names=["C"]))

    assert {name: verdict for name, (verdict, _) in told.items()} == {
        "TapStackprod": OK,
        "B": WRONG,
        "C": WRONG,
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (SimpleNamespace(status=503, data=b"down"), "503: down; see `tap logs`"),
        (CliError("x does not answer; see `tap status`"), "does not answer"),
    ],
)
def test_an_address_is_to_answer(monkeypatch, answer, said):
    def call(*_, **__):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(apis, "credentials", lambda *_: {})
    monkeypatch.setattr(apis, "call", call)

    verdict, why = found(doctor.CHECKS["addresses"], site())["GET tap /health"]

    assert (verdict, said in why) == (WRONG, True)


def test_the_account_is_looked_at_as_before_a_deployment(monkeypatch):
    def refuse(_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccount")

    checks = {"bootstrap": lambda _: ["is missing"], "runtimes": lambda _: [], "logs": refuse}
    monkeypatch.setattr(preflight, "CHECKS", checks)
    monkeypatch.setattr(deployment, "synthesized", lambda *_: None)

    told = found(doctor.CHECKS["account"], site())

    assert {name: verdict for name, (verdict, _) in told.items()} == {
        "bootstrap": WRONG,
        "runtimes": OK,
        "logs": UNKNOWN,
    }


@pytest.mark.parametrize(
    ("summaries", "verdict"),
    [
        (["Successfully executed action x"], OK),
        (["Failed to execute action x"], WRONG),
        ([], WRONG),
    ],
)
def test_a_ring_proves_that_the_action_succeeded(monkeypatch, summaries, verdict):
    monkeypatch.setattr("tools.doctor.signals._PATIENCE_SECONDS", 0.1)
    told = {"AlarmHistoryItems": [{"HistorySummary": each} for each in summaries]}
    here = alarmed(describe_alarms=alarm(), set_alarm_state=None, describe_alarm_history=told)

    assert found(doctor.RING["ring"], here)["Errors"][0] == verdict


def test_no_check_but_the_ring_changes_anything():
    assert not {"ring"} & doctor.CHECKS.keys()


def test_what_may_not_be_looked_at_is_not_said_to_be_ok():
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")

    checks = {"alarms": doctor.CHECKS["alarms"]}
    [told] = doctor.examine(alarmed(describe_alarms=refuse), checks)

    assert (told["check"], told["verdict"]) == ("alarms", UNKNOWN)


def test_on_aws_the_database_alone_knows_its_migrations():
    assert found(doctor.CHECKS["migrations"], site())["migrations"][0] == UNKNOWN
