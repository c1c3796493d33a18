"""Whether a principal may do this to that, the key of what it is done to included."""

from ministack.core import iam_evaluator

from localcloud.consent.encrypted import SERVICES
from localcloud.consent.engine import Context, Principal, Refusal, ask, ask_key
from localcloud.engine.internals import need

# Under this condition key a request says that it asks as another action than policies know.
ASKED_AS = "consent:asked-as"


def may(
    who: Principal, action: str, resource: str, context: Context | None = None, *, key: bool = True
) -> Refusal | None:
    """Evaluate an action on a resource, by its own policy and the key it is encrypted with.

    So an alarm's action asks, for instance:
    `may(Service("cloudwatch.amazonaws.com", alarm_arn), "sns:Publish", topic_arn)`.

    Args:
        who: A role's session, the root user or a service.
        action: The IAM action.
        resource: The ARN of a queue, topic, function, secret or object.
        context: Condition keys of the request.
        key: Whether the key is asked.

    Returns:
        None when it is allowed.
    """
    service = resource.split(":")[2]
    policy = need(iam_evaluator, "_resource_policy")(service, resource) or ("",)
    denied = ask(who, action, resource, policy[0], context=context)
    return denied or (ask_key_of(who, action, resource, context or {}) if key else None)


def ask_key_of(who: Principal, action: str, resource: str, context: Context) -> Refusal | None:
    """Ask the key of a resource for what an action, allowed otherwise, does with it."""
    service = action.partition(":")[0]
    encrypted = SERVICES.get(service)
    asks = encrypted.asks.get(context.get(ASKED_AS, action)) if encrypted else None
    key = encrypted.key(action, resource, context) if encrypted and asks is not None else None
    if not encrypted or asks is None or not key:
        return None
    return ask_key(who, key, asks, via=service, encryption_context=encrypted.bound(resource))
