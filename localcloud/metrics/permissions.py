"""Whether an alarm may publish to a topic: the topic's policy, and the policy of its key.

CloudWatch calls SNS and KMS as the service `cloudwatch.amazonaws.com`, for the alarm:
https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
"""

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import kms, sns

from localcloud.cloud import ACCOUNT, REGION
from localcloud.engine.internals import need

_SERVICE = "cloudwatch.amazonaws.com"
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


def refusal(alarm_arn: str, topic_arn: str) -> str | None:
    """Ask for an alarm whether it may publish.

    Returns:
        Why not, in AWS's words; None when it may.
    """
    topic = need(sns, "_topics").get(topic_arn)
    if topic is None:
        return "Topic does not exist"
    attributes = topic["attributes"]
    decision = _decide(attributes.get("Policy"), "sns:Publish", topic_arn, alarm_arn)
    if decision != "Allow":
        because = {"Deny": "with an explicit deny in a resource-based policy"}.get(
            decision, "because no resource-based policy allows the SNS:Publish action"
        )
        return (
            f"Resource: {alarm_arn} is not authorized to perform: SNS:Publish on resource: "
            f"{topic_arn} {because}"
        )
    key_id = attributes.get("KmsMasterKeyId")
    if key_id and not _may_use_key(key_id, alarm_arn, topic_arn):
        return (
            "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
        )
    return None


def _may_use_key(key_id: str, alarm_arn: str, topic_arn: str) -> bool:
    # The policy of AWS's own key for SNS lets no alarm use it, and nobody can change it.
    key = need(kms, "_resolve_key")(key_id)
    if key is None or key["KeyState"] != "Enabled":
        return False
    return all(
        _decide(key["Policy"], action, key["Arn"], alarm_arn, topic_arn) == "Allow"
        for action in _KEY_ACTIONS
    )


def _decide(
    policy: Any, action: str, resource: str, alarm_arn: str, topic_arn: str | None = None
) -> str:
    """The decision of one resource's policy about CloudWatch, which acts for an alarm."""
    context = {"aws:sourcearn": alarm_arn, "aws:sourceaccount": ACCOUNT}
    if topic_arn:
        context["kms:encryptioncontext:aws:sns:topicarn"] = topic_arn
    asked = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
        service_context=context | {"aws:principalisawsservice": "true"},
    )
    found = iam_evaluator.evaluate_resource_policy(policy, asked, service=_SERVICE)
    return str(found.decision)
