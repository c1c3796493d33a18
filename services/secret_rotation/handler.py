"""Secrets Manager rotation function of the application's secret."""

import os

from services.shared.function import entry_point
from services.shared.rotation import Rotation


def connect(*, secret_arn: str) -> Rotation:
    """Make the rotation of the secret."""
    return Rotation(Rotation.client(), secret_arn)


lambda_handler = entry_point(connect, os.environ, lambda rotation, event, _: rotation.handle(event))
