"""Whoever calls the AWS API needs the consent of the key that encrypts what is called for.

Changes: A call that uses a customer key is refused, in the words of its service, unless the key
    consents.
Original: The caller's rights to the resource suffice; no key is asked.
Ours: the emulator promises IAM for the called operation, not for what it needs of KMS.
AWS:
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
Checked: ministack 1.5.32, 1.5.33.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import AuthError, PrincipalInfo

from localcloud.cloud import ACCOUNT
from localcloud.consent.encrypted import SERVICES, UPLOAD
from localcloud.consent.engine import granted
from localcloud.consent.keys import ASKED_AS, ask_key_of
from localcloud.engine.internals import need, replace

Context = dict[str, Any]

# Whom a bucket that is open to all has let in.
_NOBODY = PrincipalInfo("anonymous", "Anonymous", "", [])
_STATUSES = {
    code: service.status
    for service in SERVICES.values()
    for code in service.codes
    if code != "AccessDenied"
}


def install() -> None:
    """Ask keys after every call that policies allow, and word refusals as each service does."""
    replace(iam_evaluator, "enforce", _enforced())
    replace(iam_evaluator, "parse_policy_document", _parsed_once())
    replace(iam_actions, "access_denied_response", _worded())
    replace(iam_actions, "s3_service_context", _with_keys())


def _enforced() -> Callable[..., Any]:
    enforce = need(iam_evaluator, "enforce")

    def enforce_all(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Context | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None:
            direct = service == "kms" and getattr(denied, "decision", "") == "ImplicitDeny"
            who = iam_evaluator.resolve_principal(access_key_id, ACCOUNT) if direct else None
            lets = isinstance(who, PrincipalInfo) and granted(who, iam_action, resource_arn, {})
            return None if lets else denied
        if service not in SERVICES or iam_action not in SERVICES[service].asks:
            return None
        if not access_key_id and "/" not in resource_arn:
            return None  # a form to a bucket: its signer is asked when it has been read
        who = iam_evaluator.resolve_principal(access_key_id or "", ACCOUNT)
        if not isinstance(who, PrincipalInfo):
            who = _NOBODY
        refused = ask_key_of(who, iam_action, resource_arn, service_context or {})
        return AuthError(*SERVICES[service].error(refused)) if refused else None

    return enforce_all


def _parsed_once() -> Callable[..., Any]:
    """Parse each policy's text once; a changed policy is another text."""
    parse = need(iam_evaluator, "parse_policy_document")
    parsed = lru_cache(maxsize=512)(parse)

    def parse_policy_document(document: str | dict[str, Any]) -> Any:
        return parsed(document) if isinstance(document, str) else parse(document)

    return parse_policy_document


def _worded() -> Callable[..., Any]:
    """Answer 400 to what a key refuses, as every service does but S3 when access is denied."""
    respond = need(iam_actions, "access_denied_response")

    def access_denied_response(*arguments: Any, error_code: str = "", **named: Any) -> Any:
        status, headers, body = respond(*arguments, error_code=error_code, **named)
        return _STATUSES.get(error_code, status), headers, body

    return access_denied_response


def _with_keys() -> Callable[..., Context]:
    """Tell a write's own key, and whether it is a part of an upload."""
    context_of = need(iam_actions, "s3_service_context")
    header = "x-amz-server-side-encryption-aws-kms-key-id"

    def s3_service_context(
        iam_action: str,
        query_params: Context | None,
        path: str = "",
        headers: dict[str, str] | None = None,
    ) -> Context:
        context: Context = context_of(iam_action, query_params, path, headers)
        if iam_action == "s3:PutObject":
            if headers and header in headers:
                context[f"s3:{header}"] = headers[header]
            if {"uploadId", "uploads"} & set(query_params or {}):
                context[ASKED_AS] = UPLOAD
        return context

    return s3_service_context
