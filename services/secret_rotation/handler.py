"""Secrets Manager rotation function of the application's secret."""

import os
from typing import Any

from services.secret_rotation.settings import Settings
from services.shared.function import entry_point
from services.shared.rotation import Rotation

_rotation = Rotation(Rotation.client(), Settings.from_env(os.environ).secret_arn)


@entry_point
def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Carry out one step of a rotation."""
    _rotation.handle(event)
