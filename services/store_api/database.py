"""Health check of the store's database."""

from pg8000.exceptions import Error

from services.shared.database.postgres import REFUSED_LOGIN, Connect, Logins, session, sqlstate
from services.shared.health import Check, CheckFailed

_LEVEL = "SELECT max(number) FROM store.migrations"
_NOT_THERE_OR_NOT_GRANTED = "42"  # what the migrations would have made or granted


def is_migrated(logins: Logins, connect: Connect, level: int) -> Check:
    """Make the check that the store's user can log in and finds migrations up to `level`."""
    # On a connection of its own: the one that requests share must not be in two threads, and the
    # thread of a check that takes too long is left alone.

    def check() -> None:
        try:
            with session(logins(), connect) as connection:
                [[found]] = connection.run(_LEVEL)
        except (OSError, Error) as error:
            raise CheckFailed(_reason(error)) from error
        if (found or 0) < level:
            raise CheckFailed("not_migrated")

    return check


def _reason(error: Exception) -> str:
    code = sqlstate(error)
    if code in REFUSED_LOGIN:
        return "access_denied"
    return "not_migrated" if code.startswith(_NOT_THERE_OR_NOT_GRANTED) else "unreachable"
