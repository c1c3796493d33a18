"""Whether a principal may do this to that, the key of what it is done to included.

Beside its policy, a key has grants and a state:
https://docs.aws.amazon.com/kms/latest/developerguide/control-access.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import kms

from localcloud.cloud import ACCOUNT, REGION
from localcloud.consent.encrypted import SERVICES
from localcloud.consent.engine import Context, Principal, Refusal, ask
from localcloud.engine.internals import need

# Under this condition key a request says that it asks as another action than policies know.
ASKED_AS = "consent:asked-as"
# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_UNUSABLE = {
    "Disabled": ("DisabledException", "disabled"),
    "PendingDeletion": ("KMSInvalidStateException", "pending deletion"),
    "PendingImport": ("KMSInvalidStateException", "pending import"),
}


def may(
    who: Principal, action: str, resource: str, context: Context | None = None, *, key: bool = True
) -> Refusal | None:
    """Evaluate an action on a resource, by its own policy and the key it is encrypted with.

    So an alarm's action asks, for instance:
    `may(Service("cloudwatch.amazonaws.com", alarm_arn), "sns:Publish", topic_arn)`.

    Returns:
        None when it is allowed; the key is asked last, and only where `key` says so.
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
    if not encrypted or asks is None or not (key := encrypted.key_of(action, resource, context)):
        return None
    return ask_key(
        who, key, asks, via=service, encryption_context=encrypted.encryption_context(resource)
    )


def ask_key(
    who: Principal,
    key_id: str,
    actions: Iterable[str],
    *,
    via: str = "",
    encryption_context: Mapping[str, str] | None = None,
) -> Refusal | None:
    """Evaluate the use of a key: its policy, the caller's, grants, and then its state.

    Args:
        who: On whose behalf the key is used.
        key_id: The key's id, ARN or alias.
        actions: What is done with it, such as `kms:Decrypt`; none for what a grant allows anyway.
        via: The service that asks on the caller's behalf, such as `s3`.
        encryption_context: What the service authenticates with the data.

    Returns:
        None when it is allowed. AWS's own keys, which the emulator does not have, consent to all.
    """
    record = need(kms, "_resolve_key")(key_id)
    if record is None:
        return None
    arn, policy, bound = record["Arn"], record["Policy"] or "", encryption_context or {}
    context = _key_context(bound, via)
    for action in actions:
        refused = ask(who, action, arn, policy, context=context, required=True)
        if refused and (refused.is_explicit or not granted(who, action, arn, bound)):
            return refused
    code, state = _UNUSABLE.get(record["KeyState"], ("", ""))
    return Refusal(f"{arn} is {state}.", code=code) if code else None


def _key_context(bound: Mapping[str, str], via: str) -> Context:
    """Return the condition keys of a key's use for an encryption context, by a service if any."""
    context: dict[str, Any] = {"kms:calleraccount": ACCOUNT}
    context |= {f"kms:encryptioncontext:{name}".lower(): value for name, value in bound.items()}
    context["kms:encryptioncontextkeys"] = list(bound) or None
    by_service = {
        "kms:viaservice": f"{via}.{REGION}.amazonaws.com",
        "aws:viaawsservice": "true",
        "aws:calledvia": [f"{via}.amazonaws.com"],
    }
    return context | by_service if via else context


def granted(who: Principal, action: str, key_arn: str, bound: Mapping[str, str]) -> bool:
    """Whether a grant on the key lets the principal, within the grant's constraints.

    See https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    names = need(iam_evaluator, "_principal_matches")
    return any(
        grant["KeyId"] == key_arn
        and action.removeprefix("kms:") in grant["Operations"]
        and names({"AWS": grant["GranteePrincipal"]}, who.arn)
        and limits.get("EncryptionContextEquals", bound) == bound
        and limits.get("EncryptionContextSubset", {}).items() <= bound.items()
        for grant in need(kms, "_grants").values()
        for limits in [grant.get("Constraints") or {}]
    )
