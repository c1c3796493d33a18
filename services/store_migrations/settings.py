"""Settings of the function that migrates the store's database."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The secrets of the database's master and of the store."""

    master_secret_arn: str
    database_secret_arn: str
