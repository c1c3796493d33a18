"""Settings of the store's API."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The secret with which the store logs in to its database, and the key that its CDN sends.

    `migration_level` is the number of the newest migration that was deployed with this code.
    """

    database_secret_arn: str
    origin_key_arn: str
    migration_level: str
