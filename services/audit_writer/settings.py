"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The bucket of the audit trail."""

    logs_bucket_name: str
