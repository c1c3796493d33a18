"""Secrets Manager rotation of a database user's password, which the user itself changes.

The old password stops with `setSecret`; sessions that are open go on. Until `finishSecret`, some
seconds later, a new session needs the pending version: `DatabaseSecret.logins` tries it.
"""

from typing import Any

from pg8000.exceptions import Error

from services.shared import aws
from services.shared.database.password import set_password
from services.shared.database.postgres import REFUSED_LOGIN, Connect, session, sqlstate
from services.shared.database.secret import Login
from services.shared.rotation import Rotation
from services.shared.telemetry import logger


class DatabaseUserRotation(Rotation):
    """Rotation of the secret of one database user."""

    def __init__(self, client: aws.Client, arn: str, connect: Connect) -> None:
        super().__init__(client, arn)
        self._connect = connect

    def _set(self, token: str) -> None:
        """Set the new password in the database, unless an earlier run did."""
        current, pending = map(Login.from_secret, self._versions(token))
        with session((pending, current), self._connect) as connection:
            set_password(connection, pending.username, pending.password)

    def _test_setup(self, current: dict[str, Any]) -> None:
        """Check that the database answers; before its first migration it has no such user."""
        try:
            self._test_new(current)
        except Error as error:
            if sqlstate(error) not in REFUSED_LOGIN:
                raise
            logger.warning("the database does not know the user yet; the migrations make it")

    def _test_new(self, pending: dict[str, Any]) -> None:
        """Check that the user can log in with the new password."""
        with session([Login.from_secret(pending)], self._connect) as connection:
            connection.run("SELECT 1")
