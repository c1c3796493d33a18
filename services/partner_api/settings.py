"""Settings of the partner API."""

from dataclasses import dataclass

from services.shared.function import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """Table, the secret that signs cursors, the queue of audit records, and who may call.

    `allowed_origins` are the origins of browsers' pages, divided by commas; empty means none.
    """

    items_table_name: str
    cursor_secret_arn: str
    audit_queue_url: str
    allowed_origins: str
