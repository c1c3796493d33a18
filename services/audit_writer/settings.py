"""Settings of the audit writer."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The bucket that holds the audit trail."""

    logs_bucket_name: str
