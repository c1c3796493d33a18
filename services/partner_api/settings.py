"""What the function is told by its environment."""

from dataclasses import dataclass

from services.shared.settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Settings(EnvironmentSettings):
    """Where items are, the secret that signs cursors, where audit records go, and who may call.

    `allowed_origins` are the origins of browsers' pages, divided by commas; empty means none.
    """

    items_table_name: str
    cursor_secret_arn: str
    audit_queue_url: str
    allowed_origins: str
