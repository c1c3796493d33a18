"""The one answer to "may this principal do this to that resource?".

Identity policies, resource policies, permissions boundaries and conditions are the emulator's own
evaluation; added are service principals, KMS grants, key states and the key policy's primacy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/kms/latest/developerguide/control-access.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, ParsedStatement, PrincipalInfo
from ministack.services import iam, kms

from localcloud.cloud import ACCOUNT, REGION
from localcloud.engine.internals import need

Policy = str | dict[str, Any]
Context = Mapping[str, Any]

_ANYTHING = [[ParsedStatement("", "Allow", ["*"], resources=["*"])]]
# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_UNUSABLE = {
    "Disabled": ("DisabledException", "disabled"),
    "PendingDeletion": ("KMSInvalidStateException", "pending deletion"),
    "PendingImport": ("KMSInvalidStateException", "pending import"),
}


@dataclass(frozen=True)
class Service:
    """A service principal, and the resource it acts for.

    Attributes:
        arn: Its name, such as `cloudwatch.amazonaws.com`, in the place of a principal's ARN.
        source_arn: `aws:SourceArn`; empty where the service sends none.
        source_account: `aws:SourceAccount`; empty where the service sends none.
    """

    arn: str
    source_arn: str = ""
    source_account: str = ACCOUNT
    type: ClassVar[str] = "Service"
    account: ClassVar[str] = ""

    @property
    def keys(self) -> dict[str, str]:
        """The condition keys of its calls."""
        found = {
            "aws:principalisawsservice": "true",
            "aws:principalservicename": self.arn,
            "aws:sourcearn": self.source_arn,
            "aws:sourceaccount": self.source_account,
            "aws:sourceowner": self.source_account,
        }
        return {name: value for name, value in found.items() if value}


# A service, or whom the emulator knows: a user, a role's session, the root user.
Principal: TypeAlias = Service | PrincipalInfo


@dataclass(frozen=True)
class Refusal:
    """Why a principal may not, as IAM or KMS says it.

    Attributes:
        message: The sentence.
        action: What no policy allows, or one denies.
        code: The exception of KMS for a key in a wrong state, else `AccessDeniedException`.
        is_explicit: Whether a policy denies it, rather than that none allows it.
    """

    message: str
    action: str = ""
    code: str = "AccessDeniedException"
    is_explicit: bool = False


def role(arn: str, session: str) -> PrincipalInfo:
    """Return a session of a role, with the policies that the role has now."""
    name = arn.rpartition("/")[2]
    return PrincipalInfo(
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        type="AssumedRole",
        account=ACCOUNT,
        policies=need(iam_evaluator, "_gather_role_policies")(name, ACCOUNT),
        limits=need(iam_evaluator, "_permissions_boundary")(need(iam, "_roles"), name, ACCOUNT),
    )


def ask(
    who: Principal,
    action: str,
    resource: str,
    policy: Policy,
    *,
    context: Context | None = None,
    required: bool = False,
) -> Refusal | None:
    """Evaluate one action on one resource.

    Args:
        who: A role's session, the root user or a service.
        action: The IAM action.
        resource: The resource's ARN.
        policy: The resource's own policy; empty for none.
        context: Condition keys of the request, in lower case.
        required: Whether the resource's policy must allow too, as a key policy must.

    Returns:
        None when it is allowed.
    """
    asked = EvalContext(
        principal_arn=who.arn,
        principal_type=who.type,
        principal_account=who.account,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
        service_context={"aws:principalisawsservice": "false"} | dict(context or {}),
        principal_keys=who.keys,
    )
    document = _document(policy) if isinstance(policy, str) else policy
    if isinstance(who, Service):
        by_identity = None
        found = iam_evaluator.evaluate_resource_policy(document, asked, service=who.arn)
    else:
        policies = _ANYTHING if who.policies is None else who.policies
        by_identity = iam_evaluator.evaluate(asked, policies, *who.limits)
        found = iam_evaluator.combine_resource_policy(
            by_identity, asked, document, ACCOUNT, required=required, limits=tuple(who.limits)
        )
    if found.decision == "Allow":
        return None
    kind = "identity" if found is by_identity else "resource"
    explicit = found.decision == "Deny"
    why = f"because no {kind}-based policy allows the {action} action"
    if explicit:
        article = "an" if kind == "identity" else "a"
        why = f"with an explicit deny in {article} {kind}-based policy"
    told = f"User: {asked.principal_arn} is not authorized to perform: {action}"
    return Refusal(f"{told} on resource: {resource} {why}", action, is_explicit=explicit)


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
    bound = encryption_context or {}
    context: dict[str, Any] = {"kms:calleraccount": ACCOUNT}
    context |= {f"kms:encryptioncontext:{name}".lower(): value for name, value in bound.items()}
    context["kms:encryptioncontextkeys"] = list(bound) or None
    if via:
        context |= {
            "kms:viaservice": f"{via}.{REGION}.amazonaws.com",
            "aws:viaawsservice": "true",
            "aws:calledvia": [f"{via}.amazonaws.com"],
        }
    for action in actions:
        refused = ask(
            who, action, record["Arn"], record["Policy"] or "", context=context, required=True
        )
        if refused and (refused.is_explicit or not granted(who, action, record["Arn"], bound)):
            return refused
    code, state = _UNUSABLE.get(record["KeyState"], ("", ""))
    return Refusal(f"{record['Arn']} is {state}.", code=code) if code else None


def granted(who: Principal, action: str, key_arn: str, bound: Mapping[str, str]) -> bool:
    """Whether a grant on the key lets the principal, within the grant's constraints.

    See https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    names = need(iam_evaluator, "_principal_matches")
    for grant in need(kms, "_grants").values():
        limits = grant.get("Constraints") or {}
        equal = limits.get("EncryptionContextEquals", bound)
        subset = limits.get("EncryptionContextSubset", {})
        if (
            grant["KeyId"] == key_arn
            and action.removeprefix("kms:") in grant["Operations"]
            and names({"AWS": grant["GranteePrincipal"]}, who.arn)
            and equal == bound
            and subset.items() <= bound.items()
        ):
            return True
    return False


@lru_cache(maxsize=512)
def _document(text: str) -> dict[str, Any]:
    """Return a policy's document; the text is its own version, so that no change is missed."""
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:  # none, or one that allows nobody anything
        return {}
    return found
