"""Alarms: each reaches someone, and listens to what its own environment really emits."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.unit.lib.every_stack.claim import claim, functions, named, properties
from tests.unit.lib.policies import ACCOUNT, REGION, Request, admits, policies, resolved
from tests.unit.synthesized import ROOT, Json, SynthesizedStack

RUNBOOK = {
    f"What to do: docs/runbook.md#{heading.lower()}"
    for heading in re.findall(
        r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE
    )
}
# For each metric of our own that an alarm watches: code that makes its function emit it.
EMISSIONS = {
    "AuditUndelivered": """
from services.partner_api.audit import AuditQueue
class Record:
    def to_json(self): return "{}"
class Down:
    def send_message(self, **_): raise OSError
AuditQueue(Down(), "").send(Record())
""",
}


@claim
def every_alarm_reaches_a_topic_that_admits_cloudwatch_and_so_does_its_key(
    stack: SynthesizedStack,
) -> Iterator[str]:
    holders = dict(policies(stack.template))
    topics = properties(stack, "AWS::SNS::Topic")
    topic_policies = {
        named(topic): holders[name]
        for name, each in properties(stack, "AWS::SNS::TopicPolicy").items()
        for topic in each["Topics"]
    }
    for name, alarm in every_alarm(stack).items():
        if any(f'"{name}"' in rule for rule in _rules(stack)):
            continue  # alarms on it are asked in its place
        reached = [named(each) for each in alarm.get("AlarmActions", [])]
        if (
            not reached
            or alarm.get("ActionsEnabled", True) is not True
            or not all(
                topic in topics
                and _publishes(name, topic, topic_policies.get(topic, []))
                and _encrypts(name, holders.get(named(topics[topic].get("KmsMasterKeyId")), []))
                for topic in reached
            )
        ):
            yield name


@claim
def every_api_has_alarms_for_server_errors_and_slowness(stack: SynthesizedStack) -> Iterator[str]:
    watched = {
        (each["MetricName"], named(dimension["Value"]) or dimension["Value"])
        for each in properties(stack, "AWS::CloudWatch::Alarm").values()
        for dimension in each.get("Dimensions", [])
        if each["Namespace"] == "AWS/ApiGateway"
    }
    for name in stack.all("AWS::ApiGatewayV2::Api"):
        if not {("5xx", name), ("Latency", name)} <= watched:
            yield name
    for name, each in properties(stack, "AWS::ApiGateway::RestApi").items():
        if not {("5XXError", each["Name"]), ("Latency", each["Name"])} <= watched:
            yield name


@claim
def every_table_has_alarms_for_throttled_reads_and_writes(stack: SynthesizedStack) -> Iterator[str]:
    watched = {
        (each["MetricName"], named(dimension["Value"]))
        for each in properties(stack, "AWS::CloudWatch::Alarm").values()
        for dimension in each.get("Dimensions", [])
        if each["Namespace"] == "AWS/DynamoDB"
    }
    for name in stack.all("AWS::DynamoDB::Table"):
        if not {("ReadThrottleEvents", name), ("WriteThrottleEvents", name)} <= watched:
            yield name


@claim
def every_backup_vault_has_an_alarm_for_failed_jobs(stack: SynthesizedStack) -> Iterator[str]:
    watched = {
        named(dimension["Value"])
        for each in properties(stack, "AWS::CloudWatch::Alarm").values()
        for dimension in each.get("Dimensions", [])
        if each["MetricName"] == "NumberOfBackupJobsFailed"
    }
    yield from stack.all("AWS::Backup::BackupVault").keys() - watched


@claim
def every_alarm_names_the_section_of_the_runbook_that_says_what_to_do(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in every_alarm(stack).items():
        if each.get("AlarmDescription") not in RUNBOOK:
            yield name


@claim
def every_dashboard_shows_every_alarm(stack: SynthesizedStack) -> Iterator[str]:
    alarms = stack.all("AWS::CloudWatch::Alarm")
    for name, each in properties(stack, "AWS::CloudWatch::Dashboard").items():
        body = json.dumps(each["DashboardBody"])
        for alarm, of in alarms.items():
            # The state of an alarm is told by its ARN, which a conditional one may not have.
            shown = alarm in body or "Condition" in of
            metrics = [each["MetricName"] for each in watched(of["Properties"])]
            if not shown or not all(metric in body for metric in metrics):
                yield name


@claim
def no_alarm_listens_to_the_metrics_of_another_environment(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, alarm in properties(stack, "AWS::CloudWatch::Alarm").items():
        values = [v for metric in watched(alarm) for v in dimensions(metric).values()]
        # What CloudFormation made is this stack's; what has a name of ours ends with the suffix.
        if not any(f":{ACCOUNT}:" in each or each.endswith(f"-{stack.suffix}") for each in values):
            yield name


@claim
def every_metric_of_our_own_with_an_alarm_is_emitted_as_the_alarm_looks_for_it(
    stack: SynthesizedStack,
) -> Iterator[str]:
    told = {
        each["FunctionName"]: resolved(each["Environment"]["Variables"])
        for each in functions(stack).values()
        if "FunctionName" in each
    }
    for name, alarm in properties(stack, "AWS::CloudWatch::Alarm").items():
        if all(metric["Namespace"].startswith("AWS/") for metric in watched(alarm)):
            continue
        variables = told.get(dimensions(alarm).get("service", ""))
        emission = EMISSIONS.get(alarm["MetricName"])
        if not (variables and emission and _hears(alarm, _emitted(emission, variables))):
            yield name


def every_alarm(stack: SynthesizedStack) -> dict[str, Json]:
    """The properties of the alarms on metrics and on other alarms."""
    on_alarms = properties(stack, "AWS::CloudWatch::CompositeAlarm")
    return properties(stack, "AWS::CloudWatch::Alarm") | on_alarms


def _rules(stack: SynthesizedStack) -> list[str]:
    """What alarms on others name, whether these are theirs or not."""
    found = properties(stack, "AWS::CloudWatch::CompositeAlarm").values()
    return [json.dumps(each["AlarmRule"]) for each in found]


def watched(alarm: Json) -> list[Json]:
    """The metrics of an alarm: its own, or those of its metric math."""
    math = [
        each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each
    ]
    return math or [alarm]


def dimensions(alarm: Json) -> dict[str, str]:
    """An alarm's dimensions, with their values as they could be in our account."""
    return {each["Name"]: resolved(each["Value"]) for each in alarm.get("Dimensions", [])}


def context_of(alarm: str) -> dict[str, str]:
    """What CloudWatch says of itself when an alarm of this account speaks."""
    return {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}",
        "aws:SecureTransport": "true",
    }


def _publishes(alarm: str, topic: str, policy: list[Json]) -> bool:
    target = resolved({"Ref": topic})
    asked = Request("cloudwatch.amazonaws.com", "sns:Publish", target, context_of(alarm))
    return admits(policy, asked)


def _encrypts(alarm: str, policy: list[Json]) -> bool:
    return all(
        admits(policy, Request("cloudwatch.amazonaws.com", action, "a-key", context_of(alarm)))
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )


def _emitted(emission: str, variables: dict[str, str]) -> Json:
    """The line that a function with these variables logs when it counts the metric."""
    ended = subprocess.run(
        [sys.executable, "-c", emission],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    line: Json = json.loads(ended.stdout.splitlines()[-1])
    return line


def _hears(alarm: Json, line: Json) -> bool:
    (described,) = line["_aws"]["CloudWatchMetrics"]
    emitted = [{name: line[name] for name in names} for names in described["Dimensions"]]
    return (
        described["Namespace"] == alarm["Namespace"]
        and alarm["MetricName"] in [each["Name"] for each in described["Metrics"]]
        and line[alarm["MetricName"]] == [1.0]
        and dimensions(alarm) in emitted
    )
