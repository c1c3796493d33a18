"""Handlers of resource types in the emulator's CloudFormation: added, or wrapped."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from localcloud.engine.internals import need, wrap

Properties = dict[str, Any]
Deployed = tuple[str, Properties]  # the physical id and the attributes
Deploy = Callable[[Properties], Deployed]

# Held by a thread that changes the emulator's records, and while they are read to be saved.
CHANGING = threading.Lock()


def add_type(
    kind: str,
    deploy: Callable[[str, Properties, Properties], Deployed],
    delete: Callable[[str, Properties], None] = lambda _id, _properties: None,
) -> None:
    """Register a resource type.

    Args:
        kind: Such as `AWS::EC2::EIP`.
        deploy: Is given a name that is free, then the physical id; the properties, and the old
            ones, of which a new resource has none.
        delete: Is given the physical id and the properties; nothing is done by default.
    """
    need(provisioners, "_RESOURCE_HANDLERS")[kind] = {
        "create": lambda logical_id, new, stack: deploy(f"{stack}-{logical_id}", new, {}),
        "update": lambda physical_id, old, new, _stack: deploy(physical_id, new, old),
        "delete": delete,
    }


def let_call(*kinds: str) -> None:
    """Let the handlers of these types call the AWS API.

    They run on a thread, then, and the event loop that would run them answers the call: what of
    them changes the emulator's records holds `CHANGING`.
    """
    wrap(stacks, "_runs_on_worker_thread", lambda runs, kind: kind in kinds or runs(kind))


def wrap_deployment(kind: str, around: Callable[[Deploy, Properties, str], Deployed]) -> None:
    """Let `around` create and update the resources of a type.

    It is given what deploys properties, the properties, and the physical id; a new resource has
    that of its stack and its logical id.
    """

    def create(original: Any, logical_id: str, new: Properties, stack: str, *rest: Any) -> Deployed:
        name = f"{stack}-{logical_id}"
        return around(lambda given: original(logical_id, given, stack, *rest), new, name)

    def update(
        original: Any, physical_id: str, old: Properties, new: Properties, *rest: Any
    ) -> Deployed:
        return around(lambda given: original(physical_id, old, given, *rest), new, physical_id)

    wrap_verbs(kind, create=create, update=update)


def wrap_verbs(kind: str, **arounds: Callable[..., Any]) -> None:
    """Put functions in the place of `create`, `update` or `delete`, given the original first."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handler = handlers[kind]
    wrapped = {verb: partial(each, handler[verb]) for verb, each in arounds.items()}
    handlers[kind] = handler | wrapped
