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
AWS:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
Checked: ministack 1.5.32, 1.5.33.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from ministack import app as emulator
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, router, sigv4
from ministack.services import lambda_svc, s3, sts

from localcloud.cloud import REGION, Cloud
from localcloud.engine.internals import need, replace

# An API's method and a function's URL may be open to all, and are asked for themselves.
_OPEN = ("execute-api:Invoke", "lambda:InvokeFunctionUrl")
# What an Authorization header means here is the API's own business: a token, or nothing.
_APIS = "/_aws/execute-api/"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What of a function's credentials is secret: its variable, and its name in the session.
_SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}
# Services that sign under another one's name.
_SIGNS_AS = {"documentdb": "rds", "sesv2": "ses"}


def install(cloud: Cloud) -> None:
    """Make the random key the only root, and its signature needed like any other's."""

    def is_root(access_key_id: str) -> bool:
        return access_key_id == cloud.access_key_id

    for module in (iam_evaluator, sts):
        replace(module, "is_root_access_key", is_root)
    # Asked for nothing but whether a signature may be left unverified.
    replace(iam_evaluator, "_is_root_key", lambda access_key_id: False)
    pin = _pinned_always()
    for module in (iam_evaluator, emulator):
        replace(module, "pin_signed_request", pin)
    replace(iam_evaluator, "authenticate", _authenticated())
    replace(iam_evaluator, "enforce", _enforced())
    replace(iam_evaluator, "check_credentials", _checked())
    credentials = _unguessable(cloud)
    for module in (lambda_runtime, lambda_svc):
        replace(module, "execution_credentials", credentials)
    # Docker's registry protocol, which is served without asking who calls.
    replace(emulator, "_is_ecr_registry_path", lambda path: False)


def _pinned_always() -> Callable[..., None]:
    """Keep every request that names a key, or says who it is in another way, for verification."""
    pin = need(iam_evaluator, "pin_signed_request")
    pinned, anonymous = need(iam_evaluator, "_signed_request"), need(iam_evaluator, "_anonymous")
    request = need(iam_evaluator, "SignedRequest")

    def pin_signed_request(
        method: str, raw_path: str, query: Any, headers: Any, handshake: bool = False
    ) -> None:
        pin(method, raw_path, query, headers, handshake)
        sent = next((value for name, value in headers if name.lower() == b"authorization"), b"")
        named = {"authorization": sigv4.decode_header_value(sent)}
        claimed = router.extract_access_key_id(named, query)
        of_an_api = raw_path.startswith(_APIS) and not claimed
        if pinned.get() is None and (claimed or not anonymous.get()) and not of_an_api:
            pinned.set(request(claimed, method, raw_path, query, {}, unverifiable=True))

    return pin_signed_request


def _authenticated() -> Callable[..., Any]:
    """The emulator's check, after those of the key checked and of the body's own hash."""
    authenticate = need(iam_evaluator, "authenticate")
    pinned, error = need(iam_evaluator, "_signed_request"), need(iam_evaluator, "AuthError")

    def authenticate_all(access_key_id: str, account_id: str) -> Any:
        request = pinned.get()
        if request is not None:
            if request.access_key_id != access_key_id:
                return error("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)
            # The signature covers this header; that it tells the truth is another matter.
            stated = request.headers.get("x-amz-content-sha256", "")
            if _SHA256.fullmatch(stated) and stated != hashlib.sha256(request.body).hexdigest():
                return error("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)
        return authenticate(access_key_id, account_id)

    return authenticate_all


def _enforced() -> Callable[..., Any]:
    """The emulator's decision, for somebody whose signature is for this service and region."""
    enforce = need(iam_evaluator, "enforce")
    served_unsigned = need(iam_evaluator, "_served_unsigned")
    owner_of = need(s3, "_bucket_owner_account")
    pinned, error = need(iam_evaluator, "_signed_request"), need(iam_evaluator, "AuthError")

    def is_open(iam_action: str, service: str, resource_arn: str) -> bool:
        # A bucket decides itself whom it lets in; the calls that name none are the account's.
        bucket = resource_arn.partition(":::")[2].partition("/")[0] if service == "s3" else ""
        of_bucket = bool(bucket) and owner_of(bucket) is not None
        return of_bucket or iam_action in _OPEN or served_unsigned(service, iam_action)

    def enforce_all(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        request = pinned.get()
        if request is None and not access_key_id:
            if is_open(iam_action, service, resource_arn):
                return None
            message = iam_actions.anonymous_denial_message(service, iam_action, resource_arn)
            return error("MissingAuthenticationToken", message)
        if request is not None and (misdirected := _misdirected(request, service)):
            return error("SignatureDoesNotMatch", misdirected)
        return enforce(access_key_id, iam_action, service, region, resource_arn, service_context)

    return enforce_all


def _checked() -> Callable[..., Any]:
    """The same for a call that is no action of IAM."""
    check = need(iam_evaluator, "check_credentials")
    pinned, error = need(iam_evaluator, "_signed_request"), need(iam_evaluator, "AuthError")

    def check_credentials(access_key_id: str, service: str | None = None) -> Any:
        request = pinned.get()
        if request is None and not access_key_id:
            return error("MissingAuthenticationToken", "Request is missing Authentication Token")
        if request is not None and service and (misdirected := _misdirected(request, service)):
            return error("SignatureDoesNotMatch", misdirected)
        return check(access_key_id, service)

    return check_credentials


def _unguessable(cloud: Cloud) -> Callable[[Any], dict[str, str]]:
    """A function's credentials, the same at each start of it, as the emulator needs them."""
    derive = need(lambda_runtime, "execution_credentials")
    sessions = need(sts, "_sessions")

    def execution_credentials(config: Any) -> dict[str, str]:
        given: dict[str, str] = derive(config)
        session = sessions[given["AWS_ACCESS_KEY_ID"]]
        for variable, member in _SECRETS.items():
            derived = given[variable].encode()
            keyed = hmac.new(cloud.secret_access_key.encode(), derived, "sha256").hexdigest()
            given[variable] = session[member] = keyed
        return given

    return execution_credentials


def _misdirected(request: Any, service: str) -> str:
    """Why a signature is not for this service here, in AWS's words; empty when it is."""
    if request.unverifiable or request.sigv2:
        return ""  # refused as a whole; and without a scope
    parse = sigv4.parse_query_signature if request.presigned else sigv4.parse_header_signature
    signature = parse(request.query_params if request.presigned else request.headers)
    if isinstance(signature, tuple):
        return ""  # the verification says what it lacks
    if signature.region_set is None and signature.region != REGION:
        return f"Credential should be scoped to a valid region, not '{signature.region}'. "
    scope = f"AWS4-HMAC-SHA256 Credential=key/date/region/{signature.service}/aws4_request"
    meant = router.detect_service(
        request.method, request.raw_path, {"authorization": scope}, request.query_params
    )
    if meant != _SIGNS_AS.get(service, service):
        return f"Credential should be scoped to correct service: '{service}'. "
    return ""
