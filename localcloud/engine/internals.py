"""Guarded access to the emulator's private names: one that it lacks is a CloudError."""

from collections.abc import Callable
from typing import Any

from localcloud.errors import CloudError


def need(owner: Any, name: str) -> Any:
    """A private name of one of the emulator's modules, classes or objects.

    Raises:
        CloudError: This version of the emulator has no such name.
    """
    try:
        return getattr(owner, name)
    except AttributeError as error:
        of = getattr(owner, "__name__", type(owner).__name__)
        raise unlike(f"there is no {of}.{name}") from error


def replace(owner: Any, name: str, value: Any) -> None:
    """Put something else in the place of a private name of the emulator."""
    need(owner, name)
    setattr(owner, name, value)


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Put a function in the place of a private one, which it is given as its first argument."""
    original = need(owner, name)
    setattr(owner, name, lambda *given, **named: around(original, *given, **named))


def unlike(what: str) -> CloudError:
    """The error that the emulator is not as it was when it was checked."""
    return CloudError(f"the emulator is not as it was checked: {what}; install the locked one")
