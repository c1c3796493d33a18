"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """What is checked."""

    items_table_name: str
    files_bucket_name: str
    cursor_secret_arn: str
