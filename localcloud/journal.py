"""Journal: an answer waits until the change is saved, so that even `kill -9` loses none.

Requests that are ready together share one save. What the emulator changes by itself (logs, metrics,
the state of alarms) is saved within ten seconds, service by service.
"""

import asyncio
import contextlib
import logging
import math
import time

from localcloud.asgi import App, Message, Receive, Scope, Send, answer
from localcloud.effects import Effect, effect
from localcloud.engine.storage import Storage

_log = logging.getLogger(__name__)

_PEEK_BYTES = 4096
_MAY_WAIT_SECONDS = 10.0


class NotSaved(Exception):
    """What was to be saved stays to be saved; the requests that waited for it are refused."""


class Journal:
    """ASGI layer that holds an answer back until what the request changed is saved."""

    def __init__(self, app: App, storage: Storage):
        self._app = app
        self._storage = storage
        self._changed: frozenset[str] | None = frozenset()  # None: it may be any service
        self._due = math.inf  # by when what may wait is saved
        self._deploying = False
        self._together: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back when its change is saved."""
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
        if self._together is None:
            self._together = asyncio.create_task(self._save_together())
        try:
            # Shielded: a client that goes away must not take the others' save with it.
            await asyncio.shield(self._together)
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
            if found.services is not None:
                self._due = min(self._due, time.monotonic() + _MAY_WAIT_SECONDS)
            return False
        if found.services is None or self._deploying:
            self._changed = None
        elif self._changed is not None:
            self._changed |= found.services
        return True

    async def _save_together(self) -> None:
        await asyncio.sleep(0)  # Whoever is ready in this turn of the loop joins.
        self._together = None
        self._save()

    def _save(self) -> None:
        at_work = self._storage.deploying()  # Asked first: what ends meanwhile is saved once more.
        try:
            self._storage.save(self._changed)
        except Exception as error:
            _log.exception("the state is not saved")
            raise NotSaved(f"the embedded cloud cannot save its state: {error}") from error
        if self._changed is None:
            self._deploying, self._due = at_work, math.inf
        self._changed = frozenset()

    async def turn(self) -> None:
        """Save what changed without a request."""
        with contextlib.suppress(NotSaved):  # all is saved a second later
            if self._deploying or self._changed != frozenset():
                self._changed = None
                self._save()
            elif time.monotonic() > self._due:
                await self._save_in_turn()
        await asyncio.to_thread(self._storage.checkpoint)

    async def _save_in_turn(self) -> None:
        """Save one thing after the other; requests are served in between."""
        self._due, done = math.inf, False
        pieces = self._storage.save_in_turn()
        try:
            while not done and not self._storage.deploying():
                done = next(pieces, pieces) is pieces
                await asyncio.sleep(0)
        finally:
            if not done:  # what a stack makes belongs together with it
                self._changed = None
