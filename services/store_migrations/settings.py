"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The secrets of the database's master and of the store."""

    master_secret_arn: str
    database_secret_arn: str
