"""Secrets Manager rotation function of the application's secret."""

import os
from typing import Any

from services.shared.function import entry_point, from_environment
from services.shared.rotation import Rotation


def connect(*, secret_arn: str) -> Rotation:
    """Make the rotation of the secret."""
    return Rotation(Rotation.client(), secret_arn)


_rotation = from_environment(connect, os.environ)


@entry_point
def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Carry out one step of a rotation."""
    _rotation.handle(event)
