"""The health of the store's database: reachable, let in, and as far as the code needs it."""

from typing import Any

import pytest

from services.shared.database.secret import DatabaseSecret
from services.shared.health import CheckFailed
from services.store_api.database import is_migrated
from tests.secrets_manager import SECRET, StoreSecret
from tests.unit.services.fakes.store_api import Server, refused


def check(server: Server, level: int = 3) -> None:
    is_migrated(DatabaseSecret(StoreSecret(), SECRET).logins, server.connect, level)()


@pytest.mark.parametrize("found", [3, 4])
def test_a_database_as_new_as_the_code_is_well(found: int) -> None:
    server = Server(lambda _sql, **_: [[found]])

    check(server)

    assert server.open == 0


@pytest.mark.parametrize("found", [None, 2])
def test_a_database_behind_the_code_is_not(found: int | None) -> None:
    with pytest.raises(CheckFailed, match=r"^not_migrated$"):
        check(Server(lambda _sql, **_: [[found]]))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused("42501"), "not_migrated"),
        (refused("42P01"), "not_migrated"),
        (refused("57P03"), "unreachable"),
        (TimeoutError("timed out"), "unreachable"),
    ],
)
def test_what_a_database_answers_instead_is_told_as_a_code(error: Exception, reason: str) -> None:
    def answer(_sql: str, **_: Any) -> Any:
        raise error

    server = Server(answer)

    with pytest.raises(CheckFailed, match=rf"^{reason}$"):
        check(server)
    assert server.open == 0


def test_a_login_that_is_refused_is_told() -> None:
    server = Server()
    server.password = "another"

    with pytest.raises(CheckFailed, match=r"^access_denied$"):
        check(server)
