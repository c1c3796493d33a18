"""One wrong fact in a stack of ours is enough: the claim about it names the resource."""

from typing import Any

import pytest

from tests.unit.lib.every_stack.claim import CLAIMS
from tests.unit.synthesized import GONE, SynthesizedStack

# For each claim: the construct of PartnerApiStack, where the fact is, and what is there instead.
Fact = tuple[str, tuple[str | int, ...], Any]
_BLOCK = "PublicAccessBlockConfiguration"
FACTS: dict[str, list[Fact]] = {
    "every_bucket_is_private": [
        ("AccessLogs", (_BLOCK, "BlockPublicAcls"), False),
        ("AccessLogs", (_BLOCK, "BlockPublicPolicy"), False),
        ("AccessLogs", (_BLOCK, "IgnorePublicAcls"), False),
        ("Audit/Logs", (_BLOCK, "RestrictPublicBuckets"), GONE),
        ("Audit/Logs", (_BLOCK,), GONE),
        ("Audit/Logs", ("OwnershipControls", "Rules", 0, "ObjectOwnership"), "ObjectWriter"),
        ("Audit/Logs", ("AccessControl",), "PublicRead"),
        ("Audit/Logs", ("WebsiteConfiguration",), {"IndexDocument": "index.html"}),
    ],
    "every_bucket_is_versioned_and_drops_what_is_old_or_unfinished": [
        ("Audit/Logs", ("VersioningConfiguration", "Status"), "Suspended"),
        ("AccessLogs", ("LifecycleConfiguration",), GONE),
    ],
    "every_bucket_logs_to_another_or_says_why_not": [
        ("Audit/Logs", ("LoggingConfiguration",), GONE),
        ("Audit/Logs", ("LoggingConfiguration", "DestinationBucketName"), "of-another-stack"),
    ],
    "every_bucket_is_encrypted_with_a_key_of_the_stack_or_says_why_not": [
        ("Audit/Logs", ("BucketEncryption",), GONE),
        ("AccessLogs", ("BucketEncryption",), GONE),
    ],
    "every_bucket_queue_and_topic_takes_tls_alone": [
        ("Audit/Logs/Policy", ("Bucket",), "another"),
    ],
    "everything_at_rest_is_encrypted_with_a_key_of_the_stack": [
        ("Audit/Unwritten/Queue", ("KmsMasterKeyId",), "alias/aws/sqs"),
        ("CursorSecret/Secret", ("KmsKeyId",), GONE),
        ("OwnedItems", ("SSESpecification",), GONE),
        ("Api/Function", ("KmsKeyArn",), GONE),
    ],
    "every_queue_has_dead_letters_or_is_where_another_sends_them": [
        ("Audit/Unwritten/Queue", ("RedrivePolicy",), GONE),
        ("Audit/Unwritten/DeadLetters", ("RedriveAllowPolicy",), GONE),
    ],
    "every_function_is_told_every_setting_that_its_service_reads": [
        ("Api/Function", ("Environment", "Variables", "AUDIT_QUEUE_URL"), GONE),
        ("Api/Function", ("Environment", "Variables", "NOBODY_READS_IT"), "this"),
    ],
    "every_function_counts_under_its_own_name": [
        ("Api/Function", ("Environment", "Variables", "POWERTOOLS_SERVICE_NAME"), "renamed"),
    ],
    "every_function_has_a_time_limit_of_its_own": [("Api/Function", ("Timeout",), GONE)],
    "every_function_has_a_log_group_of_its_own": [("Api/Function", ("LoggingConfig",), GONE)],
    "every_permission_names_its_resources_or_says_why_not": [
        ("Api/Policy", ("PolicyDocument", "Statement", 2, "Resource"), "*"),
    ],
    "every_permission_names_its_actions": [
        ("Api/Policy", ("PolicyDocument", "Statement", 2, "Action"), "dynamodb:*"),
    ],
    "every_alarm_reaches_a_topic_that_admits_cloudwatch_and_so_does_its_key": [
        ("Alarms/AuditUndelivered", ("AlarmActions",), GONE),
        ("Alarms/AuditUndelivered", ("ActionsEnabled",), False),
    ],
    "every_metric_of_our_own_with_an_alarm_is_emitted_as_the_alarm_looks_for_it": [
        ("Alarms/AuditUndelivered", ("Dimensions", 0, "Value"), "tap-partner-renamed-dev"),
        ("Alarms/AuditUndelivered", ("Dimensions", 0, "Name"), "Service"),
        ("Alarms/AuditUndelivered", ("Namespace",), "TAP/renamed"),
        ("Alarms/AuditUndelivered", ("MetricName",), "Renamed"),
    ],
    "every_key_is_rotated": [("Key", ("EnableKeyRotation",), False)],
    "every_log_group_expires": [("Api/Logs", ("RetentionInDays",), GONE)],
    "cloudwatch_may_use_the_key_of_each_log_group_for_it_and_for_no_other_applications": [
        ("Api/Logs", ("LogGroupName",), "/renamed"),
    ],
}


@pytest.mark.parametrize(
    ("claim", "construct", "path", "instead"),
    [(name, *fact) for name, facts in FACTS.items() for fact in facts],
)
def test_one_wrong_fact_is_named(
    claim: str,
    construct: str,
    path: tuple[str | int, ...],
    instead: Any,
    dev: SynthesizedStack,
) -> None:
    partner = dev.other("PartnerApiStack")

    changed = partner.changed(construct, path, instead)

    named = {partner.paths[name].removesuffix("/Resource") for name in CLAIMS[claim](changed)}
    around = construct.rpartition("/")[0]  # a bucket's policy is the bucket's fault
    assert named & {construct, around}
