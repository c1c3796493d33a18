"""What AWS says when a service may not do what a template or a request wants of it."""

from ministack.core.iam_evaluator import PrincipalInfo
from ministack.services import apigateway_v1, kms, lambda_svc, sns

from localcloud.cloud import ACCOUNT, REGION
from localcloud.consent.engine import Context, Refusal, Service, role
from localcloud.consent.keys import ask_key, ask_key_of, may
from localcloud.engine.internals import need

NO_LOG_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"
NO_ROTATION = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy "
    "grants access to the principal secretsmanager.amazonaws.com."
)
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_POLLS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def refused_rotation(function: str, secret: str) -> Refusal | None:
    """Ask whether Secrets Manager may call a rotation function for a secret."""
    return may(Service("secretsmanager.amazonaws.com", secret), "lambda:InvokeFunction", function)


def refused_read_by_cdn(distribution: str, object_arn: str) -> Refusal | None:
    """Ask the key of an object whether a distribution's origin access control may read it.

    See "Restrict access to an Amazon S3 origin" in
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
    """
    cdn = Service("cloudfront.amazonaws.com", distribution, source_account="")
    return ask_key_of(cdn, "s3:GetObject", object_arn, {})


def why_not_published(alarm: str, topic: str) -> str:
    """Say why an alarm may not publish to a topic, both by ARN; empty when it may.

    See https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
    """
    found = need(sns, "_topics").get(topic)
    if found is None:
        return "Topic does not exist"
    cloudwatch = Service("cloudwatch.amazonaws.com", alarm)
    refused = may(cloudwatch, "sns:Publish", topic, key=False)
    if refused:
        because = refused.message.rpartition(f"{topic} ")[2].replace("sns:Publish", "SNS:Publish")
        told = f"Resource: {alarm} is not authorized to perform: SNS:Publish on resource: {topic}"
        return f"{told} {because}"
    key = found["attributes"].get("KmsMasterKeyId")
    # The policy of AWS's own key for SNS, which is not here, lets no alarm use it.
    lets = not key or need(kms, "_resolve_key")(key)
    if lets and not ask_key_of(cloudwatch, "sns:Publish", topic, {}):
        return ""
    return "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."


def why_no_source(properties: Context, *, key: bool = False) -> str:
    """Say why the role of a mapping's function cannot poll its queue; empty when it can.

    The queue's key is asked too at each poll, and not at creation.
    """
    source = properties.get("EventSourceArn", "")
    _, config, name = need(lambda_svc, "_get_func_record_for_ref")(properties["FunctionName"])
    if not source.startswith("arn:aws:sqs:") or not config:
        return ""
    poller = role(config["Role"], name)
    for action in _POLLS:
        if may(poller, action, source, key=False):
            lacks = f"permissions to call {action.partition(':')[2]} on SQS"
            return f"The function execution role does not have {lacks}"
    refused = ask_key_of(poller, _POLLS[0], source, {}) if key else None
    return refused.message if refused else ""


def why_no_log_group(properties: Context, name: str) -> str:
    """Say why CloudWatch Logs cannot encrypt a group, of this name by default; empty when it can.

    See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    if not properties.get("KmsKeyId"):
        return ""
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{properties.get('LogGroupName') or name}"
    refused = ask_key(
        Service(f"logs.{REGION}.amazonaws.com", arn),
        properties["KmsKeyId"],
        ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"),
        encryption_context={"aws:logs:arn": arn},
    )
    words = "The specified KMS key does not exist or is not allowed to be used with Arn"
    return f"{words} '{arn}'" if refused else ""


def why_no_key(key: str | None) -> str:
    """Say why RDS or AWS Backup cannot encrypt with a key; empty when it can, or has none.

    Both make a grant for themselves on behalf of whoever deploys, an administrator:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
    """
    deployer = PrincipalInfo(f"arn:aws:iam::{ACCOUNT}:root", "Root", ACCOUNT, None)
    refused = key and ask_key(deployer, key, ("kms:CreateGrant", "kms:DescribeKey"))
    words = "does not exist, is not enabled or you do not have permissions to access it."
    return f"The specified KMS key [{key}] {words}" if refused else ""


def why_no_stage_logs(properties: Context) -> str:
    """Say why a stage cannot log: the account has no role for it; empty when it can, or need not.

    See https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    levels = [each.get("LoggingLevel", "OFF") for each in properties.get("MethodSettings", [])]
    account = need(apigateway_v1, "_account_settings").get("settings") or {}
    logs = "AccessLogSetting" in properties or any(level != "OFF" for level in levels)
    return NO_LOG_ROLE if logs and not account.get("cloudwatchRoleArn") else ""
