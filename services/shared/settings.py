"""What a function is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings:
    """Each field is the environment variable of the same name in capitals; all are required."""

    @classmethod
    def required_names(cls) -> list[str]:
        """The names of the environment variables."""
        return [field.name.upper() for field in fields(cls)]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises `KeyError` with the name of a variable that is missing."""
        return cls(**{name.lower(): environ[name] for name in cls.required_names()})
