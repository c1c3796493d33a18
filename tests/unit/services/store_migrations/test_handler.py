"""Migrations: each once, in order, whole or not at all; what the real server does with them is
tests/integration/test_store_database.py."""

from pathlib import Path
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError

from services.shared.database.secret import DatabaseSecret, Login
from services.store_migrations import handler
from services.store_migrations.migrations import (
    Migration,
    MigrationRefused,
    migrate,
    read_migrations,
)
from services.store_migrations.service import Store
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET
from tests.unit.services.fakes.store_api import NEW, OLD, Server, StoreSecret, refused

HOST = str(StoreSecret().values["v1"]["host"])
ONE, TWO = Migration(1, "0001_one.sql", "one"), Migration(2, "0002_two.sql", "two")


class Database(Server):
    """A server that keeps which migrations were committed, and fails where it is told to."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.applied: list[list[str]] = []
        self.locked = 0
        self.failing = ""
        self._before: list[list[str]] = []

    def _answer(self, sql: str, **values: Any) -> Any:
        if sql == self.failing:
            raise refused("42601")
        if "advisory_lock" in sql:
            self.locked += 1
        if "advisory_unlock" in sql:
            self.locked -= 1
        if sql == "BEGIN":
            self._before = list(self.applied)
        if sql == "ROLLBACK":
            self.applied = self._before
        if sql.startswith("INSERT INTO migrations"):
            self.applied.append([values["name"], values["sha256"]])
        if sql.startswith("SELECT name, sha256"):
            return list(self.applied)
        return [["MUG"]] if "INSERT INTO products" in sql else []


@pytest.fixture
def database() -> Database:
    return Database()


def session(database: Database) -> Any:
    return Server.connect(database, DatabaseSecret(StoreSecret(), SECRET).current())


def test_what_is_missing_is_applied_in_order_and_only_once(database: Database) -> None:
    assert migrate(session(database), [ONE]) == ["0001_one.sql"]
    assert migrate(session(database), [ONE, TWO]) == ["0002_two.sql"]
    assert migrate(session(database), [ONE, TWO]) == []

    assert [sql for sql in database.statements if sql in ("one", "two")] == ["one", "two"]


def test_a_migration_that_fails_leaves_no_trace_and_those_before_stay(database: Database) -> None:
    database.failing = "two"

    with pytest.raises(DatabaseError):
        migrate(session(database), [ONE, TWO])
    assert [name for name, _ in database.applied] == ["0001_one.sql"]
    assert database.statements[-1] == "ROLLBACK"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([Migration(1, "0001_one.sql", "one, edited")], "is not what was applied"),
        ([Migration(1, "0001_renamed.sql", "one")], "is not what was applied as 0001_one.sql"),
        ([], "is newer than this code"),
    ],
)
def test_files_that_do_not_fit_the_database_are_refused(
    database: Database, files: list[Migration], told: str
) -> None:
    migrate(session(database), [ONE])

    with pytest.raises(MigrationRefused, match=told):
        migrate(session(database), files)


def test_migrations_are_numbered_without_a_gap(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0003_c.sql", "seed.sql"):
        (tmp_path / name).write_text("")

    with pytest.raises(MigrationRefused, match=r"0003_c\.sql should have the number 0002"):
        read_migrations(tmp_path)
    assert [migration.number for migration in read_migrations()] == [1, 2, 3, 4]


@pytest.fixture
def store(database: Database) -> Store:
    secret = DatabaseSecret(StoreSecret(), SECRET)
    return Store(
        master=secret, user=DatabaseSecret(StoreSecret(), SECRET), connect=database.connect
    )


def test_the_database_is_prepared_alone_and_a_second_time_nothing_changes(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.give(monkeypatch, handler, store)

    first = handler.lambda_handler({}, None)
    second = handler.lambda_handler({}, None)

    assert first["applied"] == [
        "0001_products.sql",
        "0002_orders.sql",
        "0003_level.sql",
        "0004_large_catalogue.sql",
    ]
    assert second == {"applied": [], "password_set": False, "seeded": []}
    assert (database.locked, database.open) == (0, 0)


def test_products_are_seeded_only_when_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.give(monkeypatch, handler, store)

    assert handler.lambda_handler({"seed": "yes"}, None)["seeded"] == []
    assert handler.lambda_handler({"seed": True}, None)["seeded"] == ["MUG"]


def test_a_store_that_cannot_log_in_is_given_its_password(database: Database) -> None:
    users = StoreSecret()
    users.values["v1"]["password"] = NEW
    store = Store(
        master=DatabaseSecret(StoreSecret(), SECRET),
        user=DatabaseSecret(users, SECRET),
        connect=database.connect,
    )

    assert store.prepare(seed=False)["password_set"] is True
    [statement] = [sql for sql in database.statements if sql.startswith('ALTER ROLE "store" PASS')]
    assert NEW not in statement


def test_a_lock_is_given_back_and_the_connection_closed_when_something_fails(
    store: Store, database: Database
) -> None:
    database.failing = read_migrations()[0].sql

    with pytest.raises(DatabaseError):
        store.prepare(seed=False)
    assert (database.locked, database.open) == (0, 0)


def test_an_outage_is_not_taken_for_a_wrong_password(database: Database) -> None:
    def connect(login: Any) -> Any:
        if database.open:
            raise refused("53300")
        return database.connect(login)

    secret = DatabaseSecret(StoreSecret(), SECRET)
    store = Store(master=secret, user=DatabaseSecret(StoreSecret(), SECRET), connect=connect)

    with pytest.raises(DatabaseError, match="53300"):
        store.prepare(seed=False)
    assert database.password == OLD
    assert not [sql for sql in database.statements if sql.startswith('ALTER ROLE "store" PASS')]


def digests_at(host: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the function tells of the database at a host, and where it logged in for it."""
    places: list[tuple[str, int]] = []

    def connect(login: Login) -> Any:
        places.append((login.host, login.port))
        return server.connect(login)

    secret = DatabaseSecret(StoreSecret(), SECRET)
    fakes.give(monkeypatch, handler, Store(master=secret, user=secret, connect=connect))
    return handler.lambda_handler({"digests": {"host": host, "port": 5433}}, None), places


def test_the_rows_of_each_table_of_a_copy_are_counted_and_digested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(sql: str) -> Any:
        if "pg_tables" in sql:
            return [["store.orders"], ["store.products"]]
        return [[7, 2, "12"]] if "FROM store.orders " in sql else []

    server = Server(answer)
    copy = f"copy.{HOST.partition('.')[2]}"

    told, places = digests_at(copy, server, monkeypatch)

    assert told == {"store.orders/7": [2, "12"]}
    assert places == [(copy, 5433)]
    assert server.statements[0].endswith("READ ONLY")
    assert server.open == 0


def test_no_login_is_sent_to_a_server_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is no copy of"):
        digests_at("copy.of.somebody.example", Server(), monkeypatch)
