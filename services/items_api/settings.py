"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """Where items and files are, the secret that signs cursors, and the prefix of scopes."""

    items_table_name: str
    files_bucket_name: str
    cursor_secret_arn: str
    resource_server_id: str
