"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """Where the database is, and the secrets of its master and of the store.

    RDS keeps only username and password in the master's secret, so the rest is told here.
    """

    master_secret_arn: str
    database_secret_arn: str
    database_host: str
    database_port: str
    database_name: str
