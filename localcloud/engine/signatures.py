"""Request signatures: whoever calls the AWS API proves it, the root user too.

Changes: Root is one random key, every named key has its signature verified, for its service,
    region, body and date; a request without any is anonymous: for it each service decides. A
    function's keys depend on this cloud's secret.
Original: `test`, any twelve digits, the configured key and credentials that cannot be read
    (`Authorization: Bearer x`) are root without a look at a signature. One for a service is good
    for another. A function's keys are derived from public names.
Fault: the emulator's; `authenticate` would hold a credential's scope against the service and region
    that the request is for.
Ours: no well-known key, because every page and program of this machine reaches this cloud.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

import hashlib
import hmac
import re
from typing import Any

from ministack import app as emulator
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, router, sigv4
from ministack.core.iam_evaluator import AuthError
from ministack.services import lambda_svc, s3, sts

from localcloud.cloud import REGION, Cloud
from localcloud.engine.internals import need, replace, wrap

# An API's method and a function's URL may be open to all, and are asked for themselves.
_OPEN = ("execute-api:Invoke", "lambda:InvokeFunctionUrl")
# What an Authorization header means here is the API's own business: a token, or nothing.
_APIS = "/_aws/execute-api/"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What of a function's credentials is secret: its variable, and its name in the session.
_SECRETS = {"AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
# Services that sign under another one's name.
_SIGNS_AS = {"documentdb": "rds", "sesv2": "ses"}


def install(cloud: Cloud) -> None:
    """Make the random key the only root, and its signature needed like any other's."""

    def is_root(access_key_id: str) -> bool:
        return access_key_id == cloud.access_key_id

    def unguessable(derive: Any, config: Any) -> dict[str, str]:
        """Key a function's credentials, the same at each start of it, as the emulator needs."""
        given: dict[str, str] = derive(config)
        session = need(sts, "_sessions")[given["AWS_ACCESS_KEY_ID"]]
        for variable, member in _SECRETS.items():
            derived = given[variable].encode()
            keyed = hmac.new(cloud.secret_access_key.encode(), derived, "sha256").hexdigest()
            given[variable] = session[member] = keyed
        return given

    for module in (iam_evaluator, sts):
        replace(module, "is_root_access_key", is_root)
    # Asked for nothing but whether a signature may be left unverified.
    replace(iam_evaluator, "_is_root_key", lambda access_key_id: False)
    for module in (iam_evaluator, emulator):
        wrap(module, "pin_signed_request", _pin)
    wrap(iam_evaluator, "authenticate", _authenticate)
    wrap(iam_evaluator, "enforce", _enforce)
    wrap(iam_evaluator, "check_credentials", _check)
    for module in (lambda_runtime, lambda_svc):
        wrap(module, "execution_credentials", unguessable)
    # Docker's registry protocol, which is served without asking who calls.
    replace(emulator, "_is_ecr_registry_path", lambda path: False)


def _pinned() -> Any:
    """The request whose signature is to be verified; None for an anonymous one."""
    return need(iam_evaluator, "_signed_request").get()


def _pin(
    pin: Any, method: str, raw_path: str, query: Any, headers: Any, handshake: bool = False
) -> None:
    """Keep every request that names a key, or says who it is in another way, for verification."""
    pin(method, raw_path, query, headers, handshake)
    sent = next((value for name, value in headers if name.lower() == b"authorization"), b"")
    named = {"authorization": sigv4.decode_header_value(sent)}
    claimed = router.extract_access_key_id(named, query)
    of_an_api = raw_path.startswith(_APIS) and not claimed
    says_who = claimed or not need(iam_evaluator, "_anonymous").get()
    if _pinned() is None and says_who and not of_an_api:
        request = need(iam_evaluator, "SignedRequest")
        unverifiable = request(claimed, method, raw_path, query, {}, unverifiable=True)
        need(iam_evaluator, "_signed_request").set(unverifiable)


def _authenticate(authenticate: Any, access_key_id: str, account_id: str) -> Any:
    """Check as the emulator does, after the key that was checked and the body's own hash."""
    request = _pinned()
    if request is not None:
        # The signature covers this header; that it tells the truth is another matter.
        stated = request.headers.get("x-amz-content-sha256", "")
        lies = _SHA256.fullmatch(stated) and stated != hashlib.sha256(request.body).hexdigest()
        if lies or request.access_key_id != access_key_id:
            return AuthError("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)
    return authenticate(access_key_id, account_id)


def _enforce(
    enforce: Any,
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    **rest: Any,
) -> Any:
    """Decide as the emulator does for somebody whose signature is for this service and region."""
    if _pinned() is None and not access_key_id:
        if _is_open(iam_action, service, resource_arn):
            return None
        message = iam_actions.anonymous_denial_message(service, iam_action, resource_arn)
        return AuthError("MissingAuthenticationToken", message)
    misdirected = _misdirected(_pinned(), service)
    return misdirected or enforce(access_key_id, iam_action, service, region, resource_arn, **rest)


def _is_open(iam_action: str, service: str, resource_arn: str) -> bool:
    # A bucket decides itself whom it lets in; the calls that name none are the account's.
    bucket = resource_arn.partition(":::")[2].partition("/")[0] if service == "s3" else ""
    of_bucket = bool(bucket) and need(s3, "_bucket_owner_account")(bucket) is not None
    is_unsigned = need(iam_evaluator, "_served_unsigned")
    return of_bucket or iam_action in _OPEN or is_unsigned(service, iam_action)


def _check(check: Any, access_key_id: str, service: str | None = None) -> Any:
    """Check the same for a call that is no action of IAM."""
    if _pinned() is None and not access_key_id:
        return AuthError("MissingAuthenticationToken", "Request is missing Authentication Token")
    return _misdirected(_pinned(), service) or check(access_key_id, service)


def _misdirected(request: Any, service: str | None) -> AuthError | None:
    """Refuse a signature that is for another service or region, in AWS's words."""
    if request is None or not service or request.unverifiable or request.sigv2:
        return None  # the last two are refused as a whole, and without a scope
    parse = sigv4.parse_query_signature if request.presigned else sigv4.parse_header_signature
    signature = parse(request.query_params if request.presigned else request.headers)
    if isinstance(signature, tuple):
        return None  # the verification says what it lacks
    if signature.region_set is None and signature.region != REGION:
        return _for_another(f"a valid region, not '{signature.region}'")
    scope = f"AWS4-HMAC-SHA256 Credential=key/date/region/{signature.service}/aws4_request"
    meant = router.detect_service(
        request.method, request.raw_path, {"authorization": scope}, request.query_params
    )
    if meant != _SIGNS_AS.get(service, service):
        return _for_another(f"correct service: '{service}'")
    return None


def _for_another(right: str) -> AuthError:
    return AuthError("SignatureDoesNotMatch", f"Credential should be scoped to {right}. ")
