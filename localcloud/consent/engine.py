"""The one answer to "may this principal do this to that resource?".

Identity policies, resource policies, permissions boundaries and conditions are the emulator's own
evaluation; added are service principals, and resource policies that must allow as key policies do:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, ParsedStatement, PrincipalInfo
from ministack.services import iam

from localcloud.cloud import ACCOUNT, REGION
from localcloud.engine.internals import need

Policy = str | dict[str, Any]
Context = Mapping[str, Any]

_ANYTHING = [[ParsedStatement("", "Allow", ["*"], resources=["*"])]]


@dataclass(frozen=True)
class Service:
    """A service principal, and the resource it acts for; a source is empty where it sends none.

    Its name, such as `cloudwatch.amazonaws.com`, has the place of a principal's ARN.
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
    """Why a principal may not, as IAM or KMS says it; explicit where a policy denies the action.

    The code is KMS's exception for a key in a wrong state, else `AccessDeniedException`.
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
        resource: The ARN.
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
    found, kind = _evaluate(who, asked, policy, required=required)
    return None if found == "Allow" else _refusal(asked, kind, is_explicit=found == "Deny")


def _evaluate(
    who: Principal, asked: EvalContext, policy: Policy, *, required: bool
) -> tuple[str, str]:
    """Return the decision, and the kind of policies that it is of."""
    document = _document(policy) if isinstance(policy, str) else policy
    if isinstance(who, Service):
        found = iam_evaluator.evaluate_resource_policy(document, asked, service=who.arn)
        return found.decision, "resource"
    policies = _ANYTHING if who.policies is None else who.policies
    by_identity = iam_evaluator.evaluate(asked, policies, *who.limits)
    found = iam_evaluator.combine_resource_policy(
        by_identity, asked, document, ACCOUNT, required=required, limits=tuple(who.limits)
    )
    return found.decision, "identity" if found is by_identity else "resource"


def _refusal(asked: EvalContext, kind: str, *, is_explicit: bool) -> Refusal:
    why = f"because no {kind}-based policy allows the {asked.action} action"
    if is_explicit:
        article = "an" if kind == "identity" else "a"
        why = f"with an explicit deny in {article} {kind}-based policy"
    told = f"User: {asked.principal_arn} is not authorized to perform: {asked.action}"
    message = f"{told} on resource: {asked.resource_arn} {why}"
    return Refusal(message, asked.action, is_explicit=is_explicit)


@lru_cache(maxsize=512)
def _document(text: str) -> dict[str, Any]:
    """Return a policy's document; the text is its own version, so that no change is missed."""
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:  # none, or one that allows nobody anything
        return {}
    return found
