"""Services act on a resource only where its policy lets them, or the role they are given.

The functions here ask; `installed` puts them where the emulator's services act and deploy.
"""

from ministack.core.responses import get_account_id
from ministack.services import lambda_svc, sns, sqs

from localcloud.cloud import REGION
from localcloud.consent.callers import ask_for
from localcloud.consent.engine import Refusal, Service, ask, ask_key, role
from localcloud.engine.internals import need

# What a poller does, and AWS's words when the function's role may not, by source:
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#events-sqs-permissions
_POLLERS = {
    "sqs": (
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        "The function execution role does not have permissions to call {operation} on SQS",
    ),
}
NO_LOG_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"
NO_ROTATION = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy "
    "grants access to the principal secretsmanager.amazonaws.com."
)


def refused_invocation(service: Service, function: str) -> Refusal | None:
    """Ask a function's resource policy, and its key, which its environment variables need.

    Args:
        service: Who invokes it, and for what.
        function: Its ARN, that of a version or an alias as well.

    Returns:
        None when it is allowed, or there is no such function.
    """
    found = need(lambda_svc, "function_policy_for_arn")(function)
    if found is None:
        return None
    denied = ask(service, "lambda:InvokeFunction", function, found[0])
    return denied or ask_for(service, "lambda", "lambda:InvokeFunction", function, {})


def refused_rotation(function: str, secret: str) -> Refusal | None:
    """Ask whether Secrets Manager may call a rotation function for a secret."""
    return refused_invocation(Service("secretsmanager.amazonaws.com", secret), function)


def refused_publish(service: Service, topic: str) -> Refusal | None:
    """Ask a topic's policy and key whether a service may publish to it.

    An alarm's action asks `refused_publish(Service("cloudwatch.amazonaws.com", ALARM_ARN), TOPIC)`.
    """
    policy = (need(sns, "topic_policy_for_arn")(topic) or ("",))[0]
    denied = ask(service, "sns:Publish", topic, policy)
    return denied or ask_for(service, "sns", "sns:Publish", topic, {})


def refused_send(service: Service, queue: str) -> Refusal | None:
    """Ask a queue's policy and key whether a service may send to it."""
    policy = (need(sqs, "queue_policy_for_arn")(queue) or ("",))[0]
    denied = ask(service, "sqs:SendMessage", queue, policy)
    return denied or ask_for(service, "sqs", "sqs:SendMessage", queue, {})


def refused_read_by_cdn(distribution: str, object_arn: str) -> Refusal | None:
    """Ask the key of an object whether a distribution's origin access control may read it.

    See https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    cdn = Service("cloudfront.amazonaws.com", distribution, source_account="")
    return ask_for(cdn, "s3", "s3:GetObject", object_arn, {})


def refused_source(function: str, source: str, *, key_too: bool = False) -> str:
    """Say in AWS's words why a function's role cannot poll an event source; empty when it can.

    Args:
        function: The function's name or ARN.
        source: The event source's ARN.
        key_too: Whether the source's key is asked, as at each poll, and not at creation.
    """
    service = source.split(":")[2] if source.count(":") > 4 else ""
    _, config, name = need(lambda_svc, "_get_func_record_for_ref")(function)
    if service not in _POLLERS or not config:
        return ""
    actions, words = _POLLERS[service]
    poller = role(config["Role"], name)
    policy = (need(sqs, "queue_policy_for_arn")(source) or ("",))[0] if service == "sqs" else ""
    for action in actions:
        if ask(poller, action, source, policy):
            return words.format(operation=action.partition(":")[2], source=source)
    denied = ask_for(poller, service, actions[0], source, {}) if key_too else None
    return denied.message if denied else ""


def refused_log_group(key: str, name: str) -> str:
    """Say why CloudWatch Logs cannot encrypt a log group with a key; empty when it can.

    See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    arn = f"arn:aws:logs:{REGION}:{get_account_id()}:log-group:{name}"
    denied = ask_key(
        Service(f"logs.{REGION}.amazonaws.com", arn),
        key,
        ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"),
        encryption_context={"aws:logs:arn": arn},
    )
    if denied is None:
        return ""
    return f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
