"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The one secret that this function rotates."""

    secret_arn: str
