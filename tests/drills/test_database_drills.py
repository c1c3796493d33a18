"""The store's database is killed, paused, given another password: no order is lost or doubled."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

from localcloud import postgres
from tests import server
from tests.deployment import SUFFIX, Deployment
from tests.drills.conftest import Bell, Orders

pytestmark = pytest.mark.embedded
SERVER_ERRORS = f"EcommerceStack{SUFFIX}-AlarmsHttpApiServerErrors"


@pytest.mark.drill(name="database-killed", breaks="PostgreSQL crashes (SIGQUIT) under orders")
def test_a_database_that_is_killed_loses_and_doubles_no_order(
    deployment: Deployment, orders: Orders, bell: Bell
) -> None:
    assert deployment.home
    bell.silent(SERVER_ERRORS)

    with orders.load("database-killed") as load:
        load.until(30)
        load.say("the database is killed")
        server.crash(deployment.home)
        try:
            load.until(30, "refused")
        finally:
            server.start(deployment.home)
        load.say("the database is back")
        load.until(30)

    assert load.count(orders.kept()).is_whole()
    assert orders.are_told_to_come_again()
    assert bell.rings(SERVER_ERRORS)


@pytest.mark.drill(name="database-paused", breaks="PostgreSQL stands still (SIGSTOP) under orders")
def test_a_database_that_is_paused_loses_and_doubles_no_order(
    deployment: Deployment, orders: Orders, bell: Bell
) -> None:
    bell.silent(SERVER_ERRORS)

    with orders.load("database-paused") as load:
        load.until(20)
        with _paused(deployment):
            load.say("the database is paused")
            load.until(4, "refused")
        load.say("the database goes on")
        load.until(20)

    assert load.count(orders.kept()).is_whole()
    assert orders.are_told_to_come_again()
    assert bell.rings(SERVER_ERRORS)


@pytest.mark.drill(
    name="rotation",
    breaks="the store's password is rotated and its sessions are ended, under orders",
)
def test_a_rotation_under_orders_refuses_none(
    deployment: Deployment, orders: Orders, shelf: Callable[[], Connection]
) -> None:
    owner = shelf()

    with orders.load("rotation") as load:
        load.until(20)
        for _ in range(2):
            load.say("the password is rotated")
            before = _password(deployment)
            _rotate(deployment, lambda: _lose_sessions(owner))
            assert _password(deployment) != before
            load.until(20)

    assert load.count(orders.kept()).is_whole()
    assert set(load.became) == {"done"}


@contextmanager
def _paused(deployment: Deployment) -> Iterator[None]:
    """Stop every process of the database until the block ends."""
    assert deployment.home
    postmaster = postgres.server(deployment.home)
    assert postmaster
    postmaster.suspend()  # first: it makes no more of the others
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for each in stopped[1:]:
        each.suspend()
    try:
        yield
    finally:
        for each in reversed(stopped):
            each.resume()


def _lose_sessions(owner: Connection) -> None:
    """End every session of the store, some in the middle of an order: new ones must log in."""
    owner.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'store'")


def _password(deployment: Deployment) -> str:
    secrets = deployment.client("secretsmanager")
    arn = deployment.store_outputs["DatabaseSecretArn"]
    password: str = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"]
    return password


def _rotate(deployment: Deployment, meanwhile: Callable[[], None]) -> None:
    """Rotate the store's secret, and do something again and again until that has ended."""
    secrets, arn = (
        deployment.client("secretsmanager"),
        deployment.store_outputs["DatabaseSecretArn"],
    )
    version = secrets.rotate_secret(SecretId=arn)["VersionId"]
    deadline = time.monotonic() + 60
    while secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].get(version) != [
        "AWSCURRENT"
    ]:
        assert time.monotonic() < deadline, "the rotation did not end"
        time.sleep(random.uniform(0.2, 0.4))  # noqa: S311  # at no step in particular
        meanwhile()
