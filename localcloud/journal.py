"""Saves the emulator's state as it changes, so that even `kill -9` loses next to nothing.

The emulator itself saves only when it is stopped gracefully.
"""

import asyncio
import re
import time

from ministack import app as emulator
from ministack.core import persistence

from localcloud.asgi import App, Receive, Scope, Send, headers
from localcloud.emulator.internals import need

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
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
    "sns": {"sns"},
    "sqs": {"sqs"},
    "sts": {"sts"},
    "wafv2": {"waf"},
    "execute-api": {"cloudwatch_logs", "cognito"},
}
_READS = re.compile(r"\.(Get|List|Describe|Query|Scan|BatchGet|Filter)[A-Za-z]*$")
# A save should take at most this share of the time, so that a busy emulator stays fast; but what
# was answered is on disk within a second, whatever a save takes.
_SHARE = 0.1
_SOONEST_SECONDS = 0.2
_LATEST_SECONDS = 0.5
# Every call of a function logs, and the logs are the largest state by far: they wait a while.
_LOGS = "cloudwatch_logs"
_LOGS_SECONDS = 10.0


class Journal:
    """A layer that notes which services a request may have changed."""

    def __init__(self, app: App):
        self._app = app
        self._changed: set[str] = set()
        self._everything = False
        self._states = need(emulator, "_build_persistence_save_dict")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its service when it has been answered."""
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self._note(scope)

    def _note(self, scope: Scope) -> None:
        sent = headers(scope)
        if scope["method"] in ("GET", "HEAD", "OPTIONS") and "execute-api" not in scope["path"]:
            return
        if _READS.search(sent.get("x-amz-target", "")):
            return
        signed = _SIGNED_FOR.search(sent.get("authorization", ""))
        service = signed[1] if signed else "execute-api"
        if service in _TOUCHES:
            self._changed |= _TOUCHES[service]
        else:
            self._everything = True

    async def keep(self) -> None:
        """Save what changed for as long as the process runs.

        On the event loop: nothing may change the state while it is written.
        """
        logs_due = 0.0
        while True:
            began = time.monotonic()
            waiting = set() if began >= logs_due else {_LOGS}
            self._save(waiting)
            if not waiting:
                logs_due = began + _LOGS_SECONDS
            spent = time.monotonic() - began
            await asyncio.sleep(min(max(_SOONEST_SECONDS, spent / _SHARE), _LATEST_SECONDS))

    def save_everything(self) -> None:
        """Write the whole state, each file whole or not at all."""
        persistence.save_all(self._states())

    def _save(self, waiting: set[str]) -> None:
        if not (self._everything or self._changed - waiting):
            return
        states = self._states()
        changed = set(states) if self._everything else self._changed
        persistence.save_all({name: states[name] for name in (changed - waiting) & set(states)})
        self._changed, self._everything = changed & waiting, False
