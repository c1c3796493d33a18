"""The application's secret in Secrets Manager: it signs cursors, and its state may be told."""

import functools
import json
from collections.abc import Callable
from typing import Any

from services.shared import aws
from services.shared.http.text import timestamp
from services.shared.items.cursors import Keys


class ApplicationSecret:
    """The secret; its client is made on first use, since most requests never need it."""

    def __init__(self, client: Callable[[], aws.Client], arn: str) -> None:
        self._client = functools.cache(client)
        self._arn = arn

    def load(self) -> Keys:
        """Read the passwords of the current version and, if there is one, of the one before."""
        current, previous = self._current(), self._version("AWSPREVIOUS")
        versions = [current, previous] if previous else [current]
        passwords = {
            each["VersionId"]: json.loads(each["SecretString"])["password"].encode()
            for each in versions
        }
        return Keys(current["VersionId"], passwords)

    def describe(self) -> dict[str, Any]:
        """Tell version, last rotation, whether it is on, and the fields' names: no value."""
        secret = self._client().describe_secret(SecretId=self._arn)
        current = self._current()
        rotated = secret.get("LastRotatedDate")
        return {
            "version_id": current["VersionId"],
            "last_rotated_at": timestamp(rotated) if rotated else None,
            "rotation_enabled": secret.get("RotationEnabled", False),
            "fields": sorted(json.loads(current["SecretString"])),
        }

    def _current(self) -> dict[str, Any]:
        current = self._version("AWSCURRENT")
        if current is None:
            raise LookupError("the secret has no value yet")
        return current

    def _version(self, stage: str) -> dict[str, Any] | None:
        return aws.read_secret(self._client(), self._arn, stage)
