"""What Secrets Manager calls, step by step, to rotate the store's database password."""

import gc
import os
from typing import Any

from services.shared import aws
from services.shared.database.postgres import connect_to
from services.store_secret_rotation.rotation import DatabaseUserRotation
from services.store_secret_rotation.settings import Settings

_arn = Settings.from_env(os.environ).secret_arn
_rotation = DatabaseUserRotation(
    aws.client("secretsmanager", aws.config(read_timeout=5)),
    _arn,
    connect_to(aws.region_of(_arn)),
)


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Lambda's entry point; an exception tells Secrets Manager that the step failed."""
    _rotation.handle(event)


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
