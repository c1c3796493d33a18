"""Lambda function: its settings, which are its environment variables, and its entry point."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Self, TypeVar

Handler = TypeVar("Handler", bound=Callable[..., object])


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings:
    """Settings: each field is the environment variable of its name in capitals, and required."""

    @classmethod
    def required_names(cls) -> list[str]:
        """List the names of the environment variables."""
        return [field.name.upper() for field in fields(cls)]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; raise `KeyError` with the name of a variable that is missing."""
        return cls(**{name.lower(): environ[name] for name in cls.required_names()})


def entry_point(handler: Handler) -> Handler:
    """Decorate a handler module's `lambda_handler`, its last statement: initialization is over.

    What initialization made lives as long as the function: frozen, no collection looks at it again.
    """
    gc.freeze()
    return handler
