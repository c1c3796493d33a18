"""Journal: an answer waits until the change is saved, so that even `kill -9` loses none.

Requests that are ready together share one save. What the emulator changes by itself (logs, metrics,
the state of alarms) is saved within ten seconds.
"""

import asyncio
import contextlib
import logging
import re
import time
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from localcloud.asgi import App, Message, Receive, Scope, Send, answer, headers

_log = logging.getLogger(__name__)

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
_ACTION = re.compile(r"(?:^|[?&])Action=([A-Za-z0-9]+)")
# What a call to one service changes; a call to any other service may change anything.
_TOUCHES = {
    "apigateway": {"apigateway", "apigateway_v1"},
    "cognito-idp": {"cognito"},
    "dynamodb": {"dynamodb"},
    "iam": {"iam"},
    "kms": {"kms"},
    "lambda": {"lambda"},
    "logs": {"cloudwatch_logs"},
    "monitoring": {"cloudwatch"},
    "s3": {"s3"},
    "secretsmanager": {"secretsmanager"},
    "sns": {"sns", "sqs"},
    "sqs": {"sqs"},
    "sts": {"sts"},
    "wafv2": {"waf"},
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
_PEEK_BYTES = 4096
_DEPLOYING_SECONDS = 1.0
_MAY_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Effect:
    """Effect of a request on the state.

    Attributes:
        services: What must be saved whole before the answer; None for every service, empty for
            single entries alone.
        may_wait: Nothing must be saved before the answer.
    """

    services: frozenset[str] | None = frozenset()
    may_wait: bool = False


class NotSaved(Exception):
    """What was to be saved stays to be saved; the requests that waited for it are refused."""


_EVERYTHING = Effect(services=None)
_SOON = Effect(may_wait=True)


class Storage(Protocol):
    """Where the state is saved."""

    def save(self, services: set[str] | None = None) -> None:
        """Write these services, every one by default, and each single entry that changed."""

    def deploying(self) -> bool:
        """Whether CloudFormation is at work, which changes any service without a request."""


class Journal:
    """ASGI layer that holds an answer back until what the request changed is saved."""

    def __init__(self, app: App, storage: Storage):
        self._app = app
        self._storage = storage
        self._changed: set[str] = set()
        self._everything = False
        self._waiting = False
        self._deploying = False
        self._turn: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back when its change is saved."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        answered = refused = False

        async def receiving() -> Message:
            nonlocal body
            message = await receive()
            if len(body) < _PEEK_BYTES:
                body += message.get("body", b"")[:_PEEK_BYTES]
            return message

        async def sending(message: Message) -> None:
            nonlocal answered, refused
            if message["type"] == "http.response.start" and not answered:
                answered = True
                refused = not await self._kept(effect(scope, body), send)
            if not refused:
                await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            if not answered:
                self._note(effect(scope, body))

    async def _kept(self, found: Effect | None, send: Send) -> bool:
        """Save what a request changed; False when that failed and was answered."""
        if not self._note(found):
            return True
        if self._turn is None:
            self._turn = asyncio.create_task(self._save_together())
        try:
            # Shielded: a client that goes away must not take the others' save with it.
            await asyncio.shield(self._turn)
        except NotSaved as error:
            await answer(send, 503, {"__type": "ServiceUnavailable", "message": str(error)})
            return False
        return True

    def _note(self, found: Effect | None) -> bool:
        """Remember what is to be saved; True when the answer has to wait for it."""
        if found is None:
            return False
        # What CloudFormation made of other services belongs together with its own record of it,
        # and what is told about a stack must not be forgotten again.
        self._deploying = self._deploying or self._storage.deploying()
        if found.may_wait and not (self._deploying and found.services is None):
            self._waiting = self._waiting or found.services is not None
            return False
        if found.services is None or self._deploying:
            self._everything = True
        else:
            self._changed |= found.services
        return True

    async def _save_together(self) -> None:
        await asyncio.sleep(0)  # Whoever is ready in this turn of the loop joins.
        self._turn = None
        self._save()

    def _save(self) -> None:
        try:
            self._storage.save(None if self._everything else self._changed)
        except Exception as error:
            _log.exception("the state is not saved")
            raise NotSaved(f"the embedded cloud cannot save its state: {error}") from error
        if self._everything:
            self._deploying = self._storage.deploying()
            self._waiting = False
        self._changed, self._everything = set(), False

    async def keep(self) -> None:
        """Save what changed without a request, for as long as the process runs."""
        saved = time.monotonic()
        while True:
            await asyncio.sleep(_DEPLOYING_SECONDS)
            late = self._waiting and time.monotonic() - saved > _MAY_WAIT_SECONDS
            if late or self._deploying or self._everything or self._changed:
                self._everything = True
                with contextlib.suppress(NotSaved):
                    self._save()
                saved = time.monotonic()


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
    return Effect(frozenset(_TOUCHES[service])) if service in _TOUCHES else _EVERYTHING


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
