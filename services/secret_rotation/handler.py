"""What Secrets Manager calls, step by step, to rotate the application's secret."""

import gc
import os
from typing import Any

from services.secret_rotation.settings import Settings
from services.shared import aws
from services.shared.rotation import Rotation

_settings = Settings.from_env(os.environ)
_rotation = Rotation(aws.client("secretsmanager", aws.config(read_timeout=5)), _settings.secret_arn)


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Lambda's entry point; an exception tells Secrets Manager that the step failed."""
    _rotation.handle(event)


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
