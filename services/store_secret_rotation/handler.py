"""Secrets Manager rotation function of the store's database password."""

import os

from services.shared import aws
from services.shared.database.postgres import connect_to
from services.shared.function import entry_point
from services.store_secret_rotation.rotation import DatabaseUserRotation


def connect(*, secret_arn: str) -> DatabaseUserRotation:
    """Make the rotation of the secret, and of the database user's password with it."""
    to_database = connect_to(aws.region_of(secret_arn))
    return DatabaseUserRotation(DatabaseUserRotation.client(), secret_arn, to_database)


lambda_handler = entry_point(connect, os.environ, lambda rotation, event, _: rotation.handle(event))
