"""Settings of the health function."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """The table, bucket and secret that are checked."""

    items_table_name: str
    files_bucket_name: str
    cursor_secret_arn: str
