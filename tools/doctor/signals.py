"""Alarms and keys: do those who should know hear of it, and may services use what they need?"""

import fnmatch
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cli import stacks
from tools.doctor.site import OK, WRONG, Finding, Site

_PATIENCE_SECONDS = 60


def alarms(site: Site) -> Iterator[Finding]:
    """Look whether each alarm tells somebody, and none rings."""
    found = site.alarms
    for alarm in found:
        name = alarm["AlarmName"]
        if site.is_part(alarm):
            continue  # a short window of a burn rate may be exceeded: that is no finding
        if not alarm["ActionsEnabled"] or not alarm["AlarmActions"]:
            yield Finding(name, WRONG, "it rings without telling anybody: deploy its stack again")
        elif alarm["StateValue"] == "ALARM":
            yield Finding(name, WRONG, f"it rings: {alarm['StateReason']}; see `tap alarms`")
    yield Finding("alarms", OK if found else WRONG, f"{len(found)} are there")


def subscribers(site: Site) -> Iterator[Finding]:
    """Look whether somebody who confirmed is told of alarms."""
    sns = site.clients("sns")
    for topic in site.topics():
        told = stacks.pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
        arns = [each["SubscriptionArn"] for each in told]
        confirmed = [arn for arn in arns if arn.startswith("arn:")]
        said = f"{len(confirmed)} subscribed"
        if not confirmed:
            waits = "confirm what SNS mailed" if arns else "deploy with -c alarmEmail=ADDRESS"
            said = f"nobody is told of alarms: {waits}"
        yield Finding(topic.rpartition(":")[2], OK if confirmed else WRONG, said)


def policies(site: Site) -> Iterator[Finding]:
    """Read whether topics take alarms, and whether keys let alarms and logs use them."""
    sns, caller = site.clients("sns"), "cloudwatch.amazonaws.com"
    needs: set[tuple[str, str]] = set()
    for topic in site.topics():
        had = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        about = f"{topic.rpartition(':')[2]} takes alarms"
        yield _admitted(about, json.loads(had["Policy"]), caller, "sns:Publish")
        needs |= {(had["KmsMasterKeyId"], caller)} if had.get("KmsMasterKeyId") else set()
    logs = site.clients("logs")
    for group in site.ids["AWS::Logs::LogGroup"]:
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        keys = {each["kmsKeyId"] for each in found if each.get("kmsKeyId")}
        needs |= {(key, f"logs.{site.target.region}.amazonaws.com") for key in keys}
    asked = {(key.rpartition("/")[2], service) for key, service in needs}
    for key, service in sorted(asked):
        policy = site.clients("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield _admitted(f"key {key}: {action}", json.loads(policy), service, action)


def _admitted(about: str, policy: Any, service: str, action: str) -> Finding:
    """Decide by actions and principals.

    The conditions of what names the service, which the stacks' own policies have, hold; of what is
    for everybody, such as a denial of plain HTTP, they do not.
    """

    def has(statement: Any) -> bool:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else principal
        means = service in _listed(named) or (named == "*" and "Condition" not in statement)
        actions = _listed(statement.get("Action", []))
        return means and any(fnmatch.fnmatch(action.lower(), each.lower()) for each in actions)

    effects = {each["Effect"] for each in _listed(policy["Statement"]) if has(each)}
    if effects == {"Allow"}:
        return Finding(about, OK, service)
    return Finding(about, WRONG, f"its policy does not let {service}: deploy its stack again")


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def ring(site: Site) -> Iterator[Finding]:
    """Ring every alarm and look what became of its action: it mails people."""
    client, began = site.clients("cloudwatch"), site.now() - timedelta(seconds=2)
    # What an alarm on others needs in order to ring, they do.
    for name in [each["AlarmName"] for each in site.alarms if "AlarmRule" not in each]:
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tap doctor --ring")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for name in [each["AlarmName"] for each in site.alarms if not site.is_part(each)]:
        asked = {"AlarmName": name, "HistoryItemType": "Action", "StartDate": began}
        asked |= {"AlarmTypes": stacks.ALARM_TYPES}
        done = ""
        while not done and time.monotonic() < deadline:
            items = client.describe_alarm_history(**asked)["AlarmHistoryItems"]
            done = items[0]["HistorySummary"] if items else ""
            time.sleep(0 if done else 1)
        good = done.startswith("Successfully")
        yield Finding(name, OK if good else WRONG, done or "it told nobody: see `tap alarms`")
