"""Whoever calls the AWS API needs the consent of the key that encrypts what is called for.

Changes: A call that uses a customer key is refused, in the words of its service, unless the key
    consents.
Original: The caller's rights to the resource suffice; no key is asked.
Ours: the emulator promises IAM for the called operation, not for what it needs of KMS.
AWS:
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from functools import lru_cache, partial
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import AuthError, PrincipalInfo

from localcloud.cloud import ACCOUNT
from localcloud.consent.encrypted import SERVICES, UPLOAD
from localcloud.consent.keys import ASKED_AS, ask_key_of, granted
from localcloud.engine.internals import need, wrap

# Whom a bucket that is open to all has let in.
_NOBODY = PrincipalInfo("anonymous", "Anonymous", "", [])
# As every service answers but S3 when access is denied.
_STATUSES = {
    code: service.status
    for service in SERVICES.values()
    for code in service.codes
    if code != "AccessDenied"
}


def install() -> None:
    """Ask keys after every call that policies allow, and word refusals as each service does."""
    wrap(iam_evaluator, "enforce", _enforce)
    # Each text once: a changed policy is another text.
    parse_text = lru_cache(maxsize=512)(need(iam_evaluator, "parse_policy_document"))
    wrap(iam_evaluator, "parse_policy_document", partial(_parse_once, parse_text))
    wrap(iam_actions, "access_denied_response", _respond)
    wrap(iam_actions, "s3_service_context", _with_part)


def _enforce(
    enforce: Any,
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    asked = (access_key_id, iam_action, service, region, resource_arn)
    denied = enforce(*asked, service_context=service_context)
    if denied is not None:
        direct = service == "kms" and getattr(denied, "decision", "") == "ImplicitDeny"
        who = iam_evaluator.resolve_principal(access_key_id, ACCOUNT) if direct else None
        known = isinstance(who, PrincipalInfo)
        return None if known and granted(who, iam_action, resource_arn, {}) else denied
    if service not in SERVICES or iam_action not in SERVICES[service].asks:
        return None
    if not access_key_id and "/" not in resource_arn:
        return None  # a form to a bucket: its signer is asked when it has been read
    who = iam_evaluator.resolve_principal(access_key_id or "", ACCOUNT)
    who = who if isinstance(who, PrincipalInfo) else _NOBODY
    refused = ask_key_of(who, iam_action, resource_arn, service_context or {})
    return AuthError(*SERVICES[service].error(refused)) if refused else None


def _parse_once(parse_text: Any, parse: Any, document: str | dict[str, Any]) -> Any:
    return parse_text(document) if isinstance(document, str) else parse(document)


def _respond(respond: Any, *given: Any, error_code: str = "", **named: Any) -> Any:
    status, headers, body = respond(*given, error_code=error_code, **named)
    return _STATUSES.get(error_code, status), headers, body


def _with_part(context_of: Any, action: str, query: Any, *rest: Any, **named: Any) -> Any:
    """Tell whether a write is a part of an upload."""
    context = context_of(action, query, *rest, **named)
    if action == "s3:PutObject" and {"uploadId", "uploads"} & set(query or {}):
        context[ASKED_AS] = UPLOAD
    return context
