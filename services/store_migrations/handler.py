"""Function that migrates the store's database; safe to call at any time, also twice at once.

`{}` applies the missing migrations and lets the store's user log in. `{"seed": true}` adds the
demonstration's products as well. `{"digests": {"host": ..., "port": ...}}` changes nothing: it
tells what is in the database of that server, this one's or a restored copy's.
"""

import os
from typing import Any

from services.shared import aws
from services.shared.database.postgres import connect_to
from services.shared.database.secret import DatabaseSecret
from services.shared.function import entry_point
from services.shared.telemetry import logger
from services.store_migrations.service import Store

# Seconds for one statement: a migration may have to rewrite a table.
_TIMEOUT_SECONDS = 60.0


def connect(*, master_secret_arn: str, database_secret_arn: str) -> Store:
    """Make the store's database on AWS."""
    client = aws.client("secretsmanager")
    user = DatabaseSecret(client, database_secret_arn)
    return Store(
        master=DatabaseSecret(client, master_secret_arn, beside=user),
        user=user,
        connect=connect_to(aws.region_of(master_secret_arn), timeout=_TIMEOUT_SECONDS),
    )


def handle(store: Store, event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Migrate the database; return what was applied and seeded, or digests where they are asked."""
    if server := event.get("digests"):
        return store.digests(**server)
    done = store.prepare(seed=event.get("seed") is True)
    logger.info("database is up to date", extra=done)
    return done


lambda_handler = entry_point(connect, os.environ, handle)
