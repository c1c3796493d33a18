"""Guarded access to the emulator's private names."""

from typing import Any

from localcloud.errors import CloudError

VERSION = "1.5.33"


def need(owner: Any, name: str) -> Any:
    """A private name of one of the emulator's modules or classes that this project relies on.

    Raises:
        CloudError: this version of the emulator has no such name.
    """
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise CloudError(
            f"the emulator has no {owner.__name__}.{name}; this project was written for "
            f"ministack {VERSION}: install the locked requirements"
        ) from error


def replace(owner: Any, name: str, value: Any) -> None:
    """Put something else in the place of a private name of the emulator.

    Raises:
        CloudError: this version of the emulator has no such name.
    """
    need(owner, name)
    setattr(owner, name, value)
