"""The application's secret in Secrets Manager: the key of cursors, and what may be told of it."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.http.responses import timestamp
from services.shared.items.cursors import Keys

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class ApplicationSecret:
    """The secret; its client is made on first use, since most requests never need it."""

    def __init__(self, client: Callable[[], aws.Client], arn: str) -> None:
        self._client = client
        self._arn = arn

    def load(self) -> Keys:
        """The passwords of the current version and, if there is one, of the version before."""
        current = self._value(CURRENT)
        secrets = {current["VersionId"]: _password(current)}
        try:
            previous = self._value(PREVIOUS)
        except ClientError as error:
            if aws.code_of(error) != "ResourceNotFoundException":
                raise
        else:
            secrets[previous["VersionId"]] = _password(previous)
        return Keys(current["VersionId"], secrets)

    def describe(self) -> dict[str, Any]:
        """Version, last rotation, whether rotation is on, the names of the fields: no value."""
        secret = self._client().describe_secret(SecretId=self._arn)
        value = self._value(CURRENT)
        rotated = secret.get("LastRotatedDate")
        return {
            "version_id": value["VersionId"],
            "last_rotated_at": timestamp(rotated) if rotated else None,
            "rotation_enabled": secret.get("RotationEnabled", False),
            "fields": sorted(json.loads(value["SecretString"])),
        }

    def _value(self, stage: str) -> dict[str, Any]:
        value: dict[str, Any] = self._client().get_secret_value(
            SecretId=self._arn, VersionStage=stage
        )
        return value


def _password(value: dict[str, Any]) -> bytes:
    password: str = json.loads(value["SecretString"])["password"]
    return password.encode()
