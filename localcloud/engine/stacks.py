"""Stacks whose deployment ended with the process that ran it, or ends at once.

Changes: A stack that was in progress when the state was saved has failed, and can be deployed anew.
    A call that begins an operation is answered when that has ended, or has taken two seconds.
Original: It stays in progress for ever: deployments run in a task of the process that ended. The
    answer comes first, and the CDK CLI, which asks every five seconds, waits five for one second.
Fault: the emulator's; `load_persisted_state` would end what was in progress, because nothing goes
    on with it.
"""

import asyncio
import json
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers

from localcloud.cloud import Cloud
from localcloud.engine.internals import wrap

_PATIENCE_SECONDS = 2.0
_REASON = "The embedded cloud ended while this was at work"
# The operations that the present call of CloudFormation has begun.
_begun: ContextVar[set[asyncio.Task[Any]]] = ContextVar("begun")


def install(_cloud: Cloud) -> None:
    """End what was in progress when the state was saved; let a short operation end first."""
    wrap(cloudformation, "load_persisted_state", _restore)
    wrap(cloudformation, "handle_request", _answer)
    for module in (changesets, handlers):
        wrap(module, "_create_stack_task_in_region", _begin)


async def _answer(handle: Any, *request: Any) -> Any:
    begun: set[asyncio.Task[Any]] = set()
    _begun.set(begun)
    answer = await handle(*request)
    if begun:
        await asyncio.wait(begun, timeout=_PATIENCE_SECONDS)
    return answer


def _begin(create: Any, *operation: Any) -> None:
    others = asyncio.all_tasks()
    create(*operation)
    _begun.get(set()).update(asyncio.all_tasks() - others)


def _restore(restore: Any, data: dict[str, Any]) -> None:
    for stack in data["stacks"].all_values():
        end_interrupted(stack)
    restore(data)


def is_in_progress(stack: dict[str, Any]) -> bool:
    """Tell whether CloudFormation is at work on a stack."""
    status: str = stack["StackStatus"]
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def end_interrupted(stack: dict[str, Any]) -> None:
    """Give a stack that was in progress the state that its next deployment can start from.

    A creation has failed, and so has a deletion: such a stack is deleted, then made anew. An update
    keeps what it has: its template is the one before the update again, so that every change of the
    next one is seen.
    """
    if not is_in_progress(stack):
        return
    status = stack["StackStatus"]
    if status.startswith(("UPDATE", "IMPORT")):
        stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
        stack["_template_body"] = json.dumps(stack["_template"])
    else:
        stack["StackStatus"] = "DELETE_FAILED" if status.startswith("DELETE") else "ROLLBACK_FAILED"
    stack["StackStatusReason"] = _REASON
