"""The kept connection: made when needed, made again when lost, only to our server."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pg8000.exceptions import DatabaseError, InterfaceError

from localcloud import certificates
from services.shared.database import postgres
from services.shared.database.password import scram_verifier
from services.shared.database.postgres import ATTEMPTS, Database, connect_to, log_in, roots
from services.shared.database.secret import DatabaseSecret, Login
from services.shared.http.errors import Unavailable
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET
from tests.unit.services.fakes.store_api import NEW, OLD, Server, StoreSecret, refused, secret_value


@pytest.fixture
def secrets() -> StoreSecret:
    return StoreSecret()


@pytest.fixture
def server() -> Server:
    return Server(lambda _sql, **_values: [[1]])


@pytest.fixture
def database(secrets: StoreSecret, server: Server) -> Database:
    return Database(DatabaseSecret(secrets, SECRET).logins, server.connect)


def failing(server: Server, *errors: Exception) -> None:
    """Let the next statements fail with these errors."""
    remaining = list(errors)

    def answer(_sql: str, **_values: Any) -> Any:
        if remaining:
            raise remaining.pop(0)
        return [[1]]

    server.answer = answer


def test_one_connection_and_one_preparation_serve_many_statements(
    database: Database, server: Server, secrets: StoreSecret
) -> None:
    assert [database.run("SELECT 1") for _ in range(3)] == [[[1]]] * 3

    assert (server.attempts, server.prepared) == ([OLD], ["SELECT 1"])
    assert len(secrets.calls) == 1


@pytest.mark.parametrize(
    "lost",
    [
        InterfaceError("network error"),
        OSError("broken pipe"),
        refused("57P01"),
        refused("08006"),
        refused("25006"),
        refused("40P01"),
    ],
)
def test_a_lost_connection_is_made_again_without_failing_the_request(
    database: Database, server: Server, lost: Exception
) -> None:
    database.run("SELECT 1")
    failing(server, lost)

    assert database.run("SELECT 1") == [[1]]
    assert server.attempts == [OLD, OLD]
    assert server.open == 1


def test_giving_a_connection_up_never_fails(server: Server) -> None:
    session = server.connect(Login.from_secret(secret_value(OLD)))

    postgres.close(session)
    postgres.close(session)

    assert server.open == 0


def test_a_server_that_stays_away_is_unavailable_and_served_again_when_it_is_back(
    database: Database, server: Server
) -> None:
    failing(server, *(InterfaceError("network error") for _ in range(ATTEMPTS)))

    with pytest.raises(Unavailable):
        database.run("SELECT 1")
    assert database.run("SELECT 1") == [[1]]


@pytest.mark.parametrize("code", ["53300", "57014", "55P03"])
def test_a_server_that_is_busy_is_not_asked_twice(
    database: Database, server: Server, code: str
) -> None:
    failing(server, refused(code))

    with pytest.raises(Unavailable):
        database.run("SELECT 1")
    assert len(server.statements) == 1


def test_a_mistake_in_a_statement_is_no_outage(database: Database, server: Server) -> None:
    failing(server, refused("42P01"), DatabaseError("not of the server"))

    with pytest.raises(DatabaseError):
        database.run("SELECT 1")


def test_an_open_session_outlives_the_rotation_of_its_password(
    database: Database, server: Server, secrets: StoreSecret
) -> None:
    database.run("SELECT 1")
    server.password = NEW
    secrets.values["v2"] = secret_value(NEW)
    secrets.rotate("v2")

    database.run("SELECT 1")

    assert server.attempts == [OLD]


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPENDING"])
def test_a_new_session_finds_the_new_password_during_and_after_a_rotation(
    database: Database, server: Server, secrets: StoreSecret, stage: str
) -> None:
    database.run("SELECT 1")
    server.password = NEW
    secrets.values["v2"] = secret_value(NEW)
    secrets.stages[stage] = "v2"
    failing(server, InterfaceError("network error"))

    assert database.run("SELECT 1") == [[1]]
    assert server.attempts == [OLD, OLD, NEW]


def test_a_password_nobody_takes_is_unavailable(database: Database, server: Server) -> None:
    server.password = NEW

    with pytest.raises(Unavailable):
        database.run("SELECT 1")
    assert server.attempts == [OLD]


def test_a_refused_login_is_seen_through_the_failure_to_say_goodbye() -> None:
    def connect(_: Login) -> Any:
        try:
            raise refused("28P01")
        finally:
            say_goodbye()

    def say_goodbye() -> None:
        raise InterfaceError("network error")

    with pytest.raises(InterfaceError) as hidden:
        log_in([Login.from_secret(secret_value(OLD))], connect)
    assert postgres.sqlstate(hidden.value) == "28P01"


def test_other_errors_of_a_login_are_not_tried_again() -> None:
    def connect(_: Login) -> Any:
        raise refused("53300")

    with pytest.raises(DatabaseError, match="53300"):
        log_in(
            [Login.from_secret(secret_value(OLD)), Login.from_secret(secret_value(NEW))], connect
        )
    with pytest.raises(DatabaseError, match="no login"):
        log_in([], connect)


def test_the_masters_secret_is_completed_and_no_password_is_shown(secrets: StoreSecret) -> None:
    secrets.values["v1"] = {"username": "master", "password": OLD}
    user = DatabaseSecret(StoreSecret(), SECRET)

    login = DatabaseSecret(secrets, SECRET, beside=user).current()

    assert (login.username, login.host, login.port) == ("master", "db.example", 5433)
    assert OLD not in repr(login)


def test_a_secret_without_a_value_says_so_and_other_errors_pass(
    secrets: StoreSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = DatabaseSecret(secrets, SECRET)
    secrets.stages.clear()
    with pytest.raises(LookupError, match="no value"):
        secret.current()

    def denied(**_: Any) -> None:
        raise fakes.client_error("AccessDeniedException")

    monkeypatch.setattr(secrets, "get_secret_value", denied)
    with pytest.raises(ClientError):
        secret.current()


def test_the_verifier_of_a_password_is_postgresqls() -> None:
    # What PostgreSQL 15.18 itself kept for the password "pencil", with the salt that it drew.
    kept = (
        "SCRAM-SHA-256$4096:RSc92AAb10SpfwIBWf3NxA=="
        "$VMUmfCviVqJ5hnvq2a7yOug9eeiBQ5WEExksl8SzKhY="
        ":xpD0W2tH5I15z8CcDgIUY1nsAbO6UQIUKoalZtqhH/I="
    )

    assert scram_verifier("pencil", bytes.fromhex("45273dd8001bd744a97f020159fdcdc4")) == kept


def test_each_region_has_its_own_roots() -> None:
    ours, others = roots("eu-west-1"), roots("us-east-1")

    assert ours.count("BEGIN CERTIFICATE") == others.count("BEGIN CERTIFICATE") == 3
    assert ours != others


def test_a_region_without_roots_of_its_own_trusts_those_of_all_regions() -> None:
    every = roots("mx-central-1")

    assert every.count("BEGIN CERTIFICATE") > 80
    assert roots("eu-west-1") in every
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=every)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A server with a certificate for localhost, which refuses every login; its CA and port."""
    for name, pem in zip(("ca", "server", "key"), certificates.pair(numbers=()), strict=True):
        (tmp_path / f"{name}.pem").write_text(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    client.recv(8)
                    client.sendall(b"S")
                    with context.wrap_socket(client, server_side=True) as secure:
                        secure.recv(4096)
                        told = b"SFATAL\0C28P01\0Mno\0\0"
                        secure.sendall(b"E" + (len(told) + 4).to_bytes(4, "big") + told)
                        secure.recv(64)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield tmp_path / "ca.pem", listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_only_a_server_with_a_certificate_of_its_name_hears_the_login(
    authority: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, port = authority
    login = Login(host="localhost", port=port, dbname="d", username="u", password=OLD)
    by_number = Login(host="127.0.0.1", port=port, dbname="d", username="u", password=OLD)

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_to("eu-west-1")(login)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_to("eu-west-1")(by_number)
    with pytest.raises(DatabaseError, match="28P01"):
        connect_to("eu-west-1")(login)
