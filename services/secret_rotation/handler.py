"""What Secrets Manager calls, step by step, to rotate the application's secret."""

import gc
import os
from typing import Any

from services.secret_rotation.rotation import Rotation
from services.secret_rotation.settings import Settings
from services.shared import aws
from services.shared.telemetry import logger

_settings = Settings.from_env(os.environ)
_rotation = Rotation(aws.client("secretsmanager", aws.config(read_timeout=5)), _settings.secret_arn)


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Lambda's entry point; an exception tells Secrets Manager that the step failed."""
    step, token = event["Step"], event["ClientRequestToken"]
    logger.append_keys(step=step, version_id=token)
    try:
        _rotation.run(step=step, secret_id=event["SecretId"], token=token)
    except Exception as error:
        # The traceback could not hold a value, but a line without one certainly does not.
        logger.error("rotation step failed", extra={"error": type(error).__name__})
        raise
    logger.info("rotation step done")


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
