"""Secrets Manager rotation: the four steps of its protocol, each of which may be repeated.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_how.html
A new version waits under AWSPENDING until it is tested, then takes AWSCURRENT over; the version
before becomes AWSPREVIOUS by itself.
"""

import json
from typing import Any

from services.shared import aws
from services.shared.telemetry import logger

PASSWORD_LENGTH = 32


class RotationRefused(Exception):
    """The request is not one that this function may carry out; nothing was changed."""


class Rotation:
    """Rotates one secret, a JSON object whose password changes and whose other fields stay.

    For a password that another system has to learn, a subclass teaches it: `_set`, `_test_new` and
    `_test_setup`.
    """

    def __init__(self, client: aws.Client, arn: str) -> None:
        self._client = client
        self._arn = arn

    @staticmethod
    def client() -> aws.Client:
        """Make the client of a rotation function; nobody waits for its answer."""
        return aws.client("secretsmanager", aws.config(read_timeout=5))

    def handle(self, event: dict[str, Any]) -> None:
        """Carry out the step that an event names; an exception tells Secrets Manager of failure."""
        step, token = event["Step"], event["ClientRequestToken"]
        logger.append_keys(step=step, version_id=token)
        try:
            self.run(step=step, secret_id=event["SecretId"], token=token)
        except Exception as error:
            # The traceback could not hold a value, but a line without one certainly does not.
            logger.error("rotation step failed", extra={"error": type(error).__name__})
            raise
        logger.info("rotation step done")

    def run(self, *, step: str, secret_id: str, token: str) -> None:
        """Carry out a step for the version that the token names, or raise `RotationRefused`."""
        steps = {
            "createSecret": self._create,
            "setSecret": self._set,
            "testSecret": self._test,
            "finishSecret": self._finish,
        }
        if secret_id != self._arn:
            raise RotationRefused("this function rotates another secret")
        if step not in steps:
            raise RotationRefused("there is no such step")
        stages = self._stages()
        if "AWSCURRENT" in stages.get(token, []):
            return  # an earlier run finished; Secrets Manager repeats a step whose answer was lost
        if "AWSPENDING" not in stages.get(token, []):
            raise RotationRefused("the version is not waiting to become current")
        steps[step](token)

    def _create(self, token: str) -> None:
        """Put the new version, unless an earlier run did."""
        if self._find("AWSPENDING", token) is not None:
            return
        # No punctuation: the password may pass through shells and URLs as it is.
        password = self._client.get_random_password(
            PasswordLength=PASSWORD_LENGTH, ExcludePunctuation=True
        )["RandomPassword"]
        value = {**self._value("AWSCURRENT"), "password": password}
        self._client.put_secret_value(
            SecretId=self._arn,
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )

    def _set(self, _: str) -> None:
        """Do nothing: no other system has to learn the password."""

    def _test(self, token: str) -> None:
        """Check the new version, or how rotation is set up when there is none."""
        # A schedule that does not begin at once makes Secrets Manager call this step alone, for a
        # version that it made for the test and then takes away; what is in that version, it does
        # not say. See RotateImmediately,
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
        current, pending = self._value("AWSCURRENT"), self._find("AWSPENDING", token)
        if pending in (None, current):
            self._test_setup(current)
        else:
            self._test_new(self._versions(token)[1])

    def _test_setup(self, current: dict[str, Any]) -> None:
        """Check what rotation needs: the current version, which could be read."""

    def _test_new(self, pending: dict[str, Any]) -> None:
        """Check that the new version works; it is a rotation of the current one."""

    def _finish(self, token: str) -> None:
        """Make the new version the current one, if it is a rotation of it."""
        self._versions(token)
        current = next(id_ for id_, names in self._stages().items() if "AWSCURRENT" in names)
        self._client.update_secret_version_stage(
            SecretId=self._arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=token,
            RemoveFromVersionId=current,
        )

    def _versions(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Read the current and the new version; refuse a new one that is no rotation."""
        current, pending = self._value("AWSCURRENT"), self._value("AWSPENDING", token)
        sound = (
            {**pending, "password": None} == {**current, "password": None}
            and pending["password"] != current["password"]
            and len(pending["password"]) == PASSWORD_LENGTH
        )
        if not sound:
            raise RotationRefused("the new version is not a rotation of the current one")
        return current, pending

    def _stages(self) -> dict[str, list[str]]:
        """List the staging labels of each version."""
        return dict(self._client.describe_secret(SecretId=self._arn)["VersionIdsToStages"])

    def _value(self, stage: str, token: str | None = None) -> dict[str, Any]:
        value = self._find(stage, token)
        if value is None:
            raise RotationRefused(f"the version {stage} has no value")
        return value

    def _find(self, stage: str, token: str | None = None) -> dict[str, Any] | None:
        """Read the value of a version; None while it has none."""
        version = aws.read_secret(self._client, self._arn, stage, token)
        return json.loads(version["SecretString"]) if version else None
