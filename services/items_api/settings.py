"""Settings of the items API."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """Table, bucket, the secret that signs cursors, and the prefix of the OAuth 2.0 scopes."""

    items_table_name: str
    files_bucket_name: str
    cursor_secret_arn: str
    resource_server_id: str
