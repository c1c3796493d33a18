"""PostgreSQL connection: verified by TLS, kept while it works, made again if not.

A function keeps one connection from one invocation to the next. A restart or fail-over of the
server, or a rotation of the password, fails no request, not even in the middle of a statement: it
is run again on a new connection.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pg8000.exceptions import DatabaseError, Error, InterfaceError
from pg8000.native import Connection, PreparedStatement

from services.shared.database.secret import Login
from services.shared.http.errors import Unavailable
from services.shared.telemetry import logger

# Seconds for one answer. The server stops a statement earlier (migrations, `ALTER ROLE`), so that
# only a server that is gone takes this long, and every attempt fits into a function's timeout.
TIMEOUT_SECONDS = 3.5
# A new session, too, may be lost: one of a fail-over or a restart that is not over yet.
ATTEMPTS = 3

_ROOTS = Path(__file__).with_name("rds_roots.pem")
REFUSED_LOGIN = ("28P01", "28000")
# Connection lost, server stopping or starting, standby after a failover; deadlock, serialization.
_REPEATABLE = ("08", "57P", "25006", "40")
# Too many connections, out of memory; canceled by a timeout of the server's; a lock not given.
_TRANSIENT = (*_REPEATABLE, *REFUSED_LOGIN, "53", "57014", "55P03")

Connect = Callable[[Login], Connection]
Logins = Callable[[], Iterable[Login]]  # in the order to try them


class Database:
    """One kept connection and the statements prepared on it."""

    def __init__(self, logins: Logins, connect: Connect) -> None:
        self._logins = logins
        self._connect = connect
        self._connection: Connection | None = None
        self._prepared: dict[str, PreparedStatement] = {}

    def run(self, sql: str, **values: Any) -> list[list[Any]]:
        """Run a statement and return its rows: a round trip, two the first time on a connection.

        The statement must be safe to repeat: when the connection breaks, nobody knows whether it
        was carried out or only its answer lost. Raises `Unavailable` when the last try fails too.
        """
        left = ATTEMPTS
        while True:
            left -= 1
            try:
                return self._run(sql, values)
            except (OSError, Error) as error:
                if not (left and _has_code(error, _REPEATABLE)):
                    raise _to_raise(error) from error
                logger.warning("connecting again", extra={"database_error": str(error)})

    def _run(self, sql: str, values: dict[str, Any]) -> list[list[Any]]:
        if self._connection is None:
            self._prepared.clear()
            self._connection = log_in(self._logins(), self._connect)
        connection = self._connection
        try:
            if sql not in self._prepared:
                self._prepared[sql] = connection.prepare(sql)
            rows: list[list[Any]] = self._prepared[sql].run(**values)
        except (OSError, Error) as error:
            if _has_code(error, _REPEATABLE):
                self._connection = None
                close(connection)
            raise
        return rows


def log_in(logins: Iterable[Login], connect: Connect) -> Connection:
    """Connect with the first login that the server takes; raise what the last one met."""
    refusal: Error | None = None
    for login in logins:
        try:
            return connect(login)
        except Error as error:
            if sqlstate(error) not in REFUSED_LOGIN:
                raise
            refusal = error
    raise refusal or DatabaseError({"C": "28000", "M": "there is no login"})


@contextmanager
def session(logins: Iterable[Login], connect: Connect) -> Iterator[Connection]:
    """Log in for what is done inside, and close the connection after it."""
    connection = log_in(logins, connect)
    try:
        yield connection
    finally:
        close(connection)


def connect_to(region: str, *, timeout: float = TIMEOUT_SECONDS) -> Connect:
    """Make the function that connects; `timeout` is in seconds, for each answer.

    The server must show a certificate of its host name (`verify-full`) by the roots of RDS there,
    or by an authority that the environment adds with SSL_CERT_FILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=roots(region))
    paths = ssl.get_default_verify_paths()
    if paths.cafile and paths.cafile != paths.openssl_cafile:
        context.load_verify_locations(cafile=paths.cafile)

    def connect(login: Login) -> Connection:
        return Connection(
            login.username,
            host=login.host,
            port=login.port,
            database=login.dbname,
            password=login.password,
            ssl_context=context,
            timeout=timeout,
            application_name="tap",
        )

    return connect


def roots(region: str) -> str:
    """Return the root certificates of RDS in a region, in PEM.

    Of a region that the file does not know, those of all regions, as in AWS's global bundle.
    """
    every = _ROOTS.read_text("utf-8")
    _, found, rest = every.partition(f"# {region}\n")
    return rest.partition("#")[0] if found else every


def close(connection: Connection) -> None:
    """Close a connection, which may be closed or broken already."""
    try:
        connection.close()
    except (OSError, Error):
        logger.debug("the connection was closed already")


def sqlstate(error: BaseException | None) -> str:
    """Return the server's five-character code; empty for an error that is not the server's."""
    # pg8000 hides the server's refusal of a login behind the failure to close the connection.
    if isinstance(error, DatabaseError) and isinstance(error.args[0], dict):
        return str(error.args[0].get("C", ""))
    return sqlstate(error.__context__) if isinstance(error, InterfaceError) else ""


def _has_code(error: Exception, codes: tuple[str, ...]) -> bool:
    """Tell whether an error has one of these codes, or none: then the connection is lost."""
    return sqlstate(error).startswith(codes) if sqlstate(error) else True


def _to_raise(error: Exception) -> Exception:
    """Return `Unavailable` for what may pass, the error itself for a bug."""
    if not _has_code(error, _TRANSIENT):
        return error
    logger.warning("dependency failed", extra={"database_error": str(error)})
    return Unavailable()
