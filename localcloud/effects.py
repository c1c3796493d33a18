"""Effect of a request on the emulator's state: what has to be saved, and how soon."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from localcloud.asgi import Scope, headers

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
_ACTION = re.compile(r"(?:^|[?&])Action=([A-Za-z0-9]+)")
# What a call to one service changes; a call to any other service may change anything.
_ITSELF = ("dynamodb", "iam", "kms", "lambda", "s3", "secretsmanager", "sqs", "sts")
_TOUCHES = {name: frozenset({name}) for name in _ITSELF} | {
    "apigateway": frozenset({"apigateway", "apigateway_v1"}),
    "cognito-idp": frozenset({"cognito"}),
    "logs": frozenset({"cloudwatch_logs"}),
    "monitoring": frozenset({"cloudwatch"}),
    "sns": frozenset({"sns", "sqs"}),
    "wafv2": frozenset({"waf"}),
}
_READS = re.compile(
    r"(Get|List|Describe|Query|Scan|BatchGet|TransactGet|Filter|Estimate|Validate|Simulate)[A-Z]\w*"
    r"|Query|Scan|Encrypt|Decrypt|ReEncrypt|Sign|Verify|Generate(DataKey|Random|Mac)\w*|VerifyMac"
)
# These change nothing but single items, which are saved one by one.
_ITEMS = re.compile(
    r"(Put|Update|Delete)Item|(BatchWrite|TransactWrite)Items?"
    r"|(Batch)?ExecuteStatement|ExecuteTransaction"
)
# Every call of a function logs, and the logs are the largest state by far: they may wait.
_MAY_WAIT = re.compile(r"PutLogEvents|CreateLogStream|PutMetricData")
_INVOCATION = re.compile(r"/\d{4}-\d\d-\d\d/functions/[^/]+/(invocations|invoke-async).*")


@dataclass(frozen=True)
class Effect:
    """Effect of a request on the state."""

    # What must be saved whole before the answer; None for all, empty for single entries alone.
    services: frozenset[str] | None = frozenset()
    may_wait: bool = False  # nothing must be saved before the answer


_SOON = Effect(may_wait=True)


def effect(scope: Scope, body: bytes) -> Effect | None:
    """What a request may have changed, given the beginning of its body; None for nothing."""
    sent = headers(scope)
    path, host = scope["path"], sent.get("host", "")
    if path.startswith("/_aws/execute-api/") or ".execute-api." in host:
        return _SOON
    query = unquote(scope.get("query_string", b"").decode("latin-1"))
    signed = _SIGNED_FOR.search(sent.get("authorization", "")) or _SIGNED_FOR.search(query)
    service = signed[1] if signed else _unsigned(scope, sent)
    operation = _operation(sent, query, body)
    if _READS.fullmatch(operation):
        # Only while stacks are deployed: it may tell that one is complete.
        return Effect(services=None, may_wait=True) if service == "cloudformation" else None
    if not operation and scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    if _MAY_WAIT.fullmatch(operation) or (service == "lambda" and _INVOCATION.fullmatch(path)):
        return _SOON
    if service == "dynamodb" and _ITEMS.fullmatch(operation):
        return Effect()
    return Effect(_TOUCHES.get(service))


def _unsigned(scope: Scope, sent: dict[str, str]) -> str:
    """The service of a request without a signature; empty when that may be any."""
    if scope["path"].startswith("/oauth2/") or "Cognito" in sent.get("x-amz-target", ""):
        return "cognito-idp"
    # A browser's upload with a presigned policy.
    if sent.get("content-type", "").startswith("multipart/form-data"):
        return "s3"
    return ""


def _operation(sent: dict[str, str], query: str, body: bytes) -> str:
    """The name of the operation where the protocol has one: not in REST."""
    if "x-amz-target" in sent:
        return sent["x-amz-target"].rpartition(".")[2]
    if sent.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        query = f"{query}&{body.decode('latin-1')}"
    found = _ACTION.search(query)
    return found[1] if found else ""
