"""Migration of the store's database: schema, the user's password, demonstration products."""

from dataclasses import dataclass, replace
from typing import Any

from pg8000.exceptions import Error
from pg8000.native import Connection

from services.shared.database import postgres
from services.shared.database.password import set_password
from services.shared.database.secret import DatabaseSecret, Login
from services.store_migrations.migrations import FOLDER, migrate, one_at_a_time, read_migrations


@dataclass(frozen=True, kw_only=True)
class Store:
    """The store's database, as its master user sees it."""

    master: DatabaseSecret
    user: DatabaseSecret
    connect: postgres.Connect

    def prepare(self, *, seed: bool) -> dict[str, Any]:
        """Apply what is missing; return what was applied and what was seeded."""
        logins = self.master.logins()
        with postgres.session(logins, self.connect) as connection, one_at_a_time(connection):
            connection.run(_read("setup.sql"))
            applied = migrate(connection, read_migrations())
            password_set = self._set_password(connection)
            seeded = [sku for [sku] in connection.run(_read("seed.sql"))] if seed else []
        return {"applied": applied, "password_set": password_set, "seeded": seeded}

    def _set_password(self, connection: Connection) -> bool:
        """Set the password of the store's user unless it can log in; tell whether it was set."""
        # So a rotation that is under way keeps what it has set, and a database that was restored
        # from a backup gets today's password.
        try:
            postgres.close(postgres.log_in(self.user.logins(), self.connect))
        except Error as error:
            if postgres.sqlstate(error) not in postgres.REFUSED_LOGIN:
                raise
            login = self.user.current()
            connection.run("RESET ROLE")
            set_password(connection, login.username, login.password)
            connection.run("SET ROLE store_owner")
            return True
        return False

    def digests(self, *, host: str, port: int) -> dict[str, list[Any]]:
        """Count and digest the rows of a restored copy's tables, by table and part of it.

        Raises `ValueError` for a server of somebody else: the addresses of an account's instances
        in a region differ in their first label alone.
        """

        def there(login: Login) -> Login:
            if host.partition(".")[2] != login.host.partition(".")[2]:
                raise ValueError(f"{host} is no copy of {login.host}")
            return replace(login, host=host, port=port)

        with postgres.session(map(there, self.master.logins()), self.connect) as connection:
            connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.run("SET LOCAL ROLE store_owner")
            return {
                f"{table}/{part}": [rows, digest]
                for [table] in connection.run(_read("tables.sql"))
                for part, rows, digest in connection.run(_read("digests.sql").format(table=table))
            }


def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
