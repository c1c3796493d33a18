"""Secrets Manager rotation function of the store's database password."""

import os
from typing import Any

from services.shared import aws
from services.shared.database.postgres import connect_to
from services.shared.function import entry_point
from services.store_secret_rotation.rotation import DatabaseUserRotation
from services.store_secret_rotation.settings import Settings

_arn = Settings.from_env(os.environ).secret_arn
_rotation = DatabaseUserRotation(
    DatabaseUserRotation.client(), _arn, connect_to(aws.region_of(_arn))
)


@entry_point
def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Carry out one step of a rotation."""
    _rotation.handle(event)
