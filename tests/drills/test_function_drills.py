"""Functions are killed in the middle of their work: it is done in the end, once."""

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from pg8000.native import Connection

from services.store_migrations.migrations import _LOCK
from tests.deployment import SUFFIX, Deployment
from tests.drills.conftest import Bell, Orders, Processes, Records
from tests.partner import PartnerApi, eventually

pytestmark = pytest.mark.embedded
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
# A warm function does a step in some milliseconds; at 0 it is sure not to have begun.
MOMENTS_SECONDS = (0.0, 0.004)
_TO_ARRIVE_SECONDS = 2.0
KILLS = 5
_LATER_SECONDS = 0.5


@pytest.mark.drill(
    name="writer-killed", breaks="the audit writer is killed (SIGKILL) under requests"
)
def test_an_audit_writer_that_is_killed_loses_and_doubles_no_record(
    deployment: Deployment, partner: PartnerApi, records: Records, processes: Processes
) -> None:
    writer, killed = partner.outputs["AuditWriterFunctionName"], 0

    with records.load("writer-killed") as load:
        while killed < KILLS:
            load.until(5)
            if processes.of(writer):
                # From its start, before it answers, to when it has answered.
                time.sleep(killed * _LATER_SECONDS)
                killed += processes.kill(writer)
        load.say(f"the writer was killed {killed} times")
        load.until(5)
    records.kept()
    deployment.tap("redrive")  # a record that was in its hands each time is a dead letter

    assert load.count(records.kept()).is_whole()


@pytest.mark.long
@pytest.mark.drill(name="order-killed", breaks="the store's API is killed (SIGKILL) under orders")
def test_an_api_that_is_killed_loses_and_doubles_no_order(
    deployment: Deployment, orders: Orders, processes: Processes, bell: Bell
) -> None:
    alarm = f"EcommerceStack{SUFFIX}-AlarmsHttpApiServerErrors"
    bell.silent(alarm)

    with orders.load("order-killed") as load:
        for _ in range(KILLS):
            load.until(5)
            with orders.held() as release:
                killed = processes.kill(f"tap-store-api-{deployment.suffix}", release)
            load.say(f"{killed} execution environments of the API are killed, their orders placed")
        load.until(5)

    assert load.count(orders.kept()).is_whole()
    assert load.became["refused"]
    assert orders.repeated  # whose answer was lost
    assert bell.rings(alarm)


@pytest.mark.long
@pytest.mark.drill(
    name="rotation-killed",
    breaks="the store's rotation is killed in each of its steps, under orders",
)
def test_a_rotation_that_is_killed_in_each_step_ends_when_repeated_and_refuses_no_order(
    deployment: Deployment, orders: Orders, processes: Processes
) -> None:
    secrets = deployment.client("secretsmanager")
    function = f"tap-store-secret-rotation-{deployment.suffix}"
    arn = deployment.store_outputs["DatabaseSecretArn"]
    calls = Calls(deployment, processes, function)
    token = _pending(deployment, arn, processes, function)

    with orders.load("rotation-killed") as load:
        interrupted = dict.fromkeys(STEPS, 0)
        for step in STEPS:
            event = {"Step": step, "SecretId": arn, "ClientRequestToken": token}
            for seconds in MOMENTS_SECONDS:
                interrupted[step] += calls.killed_after(seconds, event)
            for _ in range(KILLS):
                # A busy machine brings a call after the kill: it is made again.
                interrupted[step] = interrupted[step] or int(calls.killed_after(0, event))
            load.say(f"{step} was killed {interrupted[step]} times, and is repeated")
            assert "FunctionError" not in calls.make(event)  # as Secrets Manager does
        load.until(20)

    assert min(interrupted.values()) >= 1
    stages = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"][token]
    # What Secrets Manager does at last, in whose place the steps were repeated here.
    pending = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": token}
    secrets.update_secret_version_stage(SecretId=arn, **pending)
    assert "AWSCURRENT" in stages
    assert load.count(orders.kept()).is_whole()
    assert set(load.became) == {"done"}


@pytest.mark.drill(
    name="migration-killed",
    breaks="the migrations are killed while they hold the lock, under orders",
)
def test_a_migration_that_is_killed_holds_up_neither_orders_nor_the_next(
    deployment: Deployment, orders: Orders, shelf: Callable[[], Connection], processes: Processes
) -> None:
    function = f"tap-store-migrations-{deployment.suffix}"
    blocker, watcher = shelf(), shelf()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :lock"

    with orders.load("migration-killed") as load:
        # Held up by a table that it reads, while it holds the lock of the migrations.
        blocker.run("BEGIN; LOCK TABLE store.migrations IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor() as pool:
            made = pool.submit(Calls(deployment, processes, function).make, {})
            locked = eventually(lambda: watcher.run(held, lock=_LOCK), lambda rows: rows == [[1]])
            load.say("the migrations are killed")
            killed = processes.kill(function)
            load.until(10)
            assert "FunctionError" in made.result()
        blocker.run("ROLLBACK")
        load.say("the migrations are repeated")
        again = deployment.tap("migrate")
        load.until(10)

    assert (locked, killed) == ([[1]], 1)
    assert "nothing was missing" in again.stderr
    assert load.count(orders.kept()).is_whole()
    assert set(load.became) == {"done"}


class Calls:
    """Calls of a function, some of which are killed."""

    def __init__(self, deployment: Deployment, processes: Processes, function: str) -> None:
        self._lambda, self._secrets = map(deployment.client, ("lambda", "secretsmanager"))
        self._processes, self._function = processes, function

    def make(self, event: dict[str, Any]) -> dict[str, Any]:
        """Call the function and wait for what it says."""
        payload = json.dumps(event).encode()
        answer: dict[str, Any] = self._lambda.invoke(FunctionName=self._function, Payload=payload)
        return answer

    def _current(self, event: dict[str, Any]) -> str:
        stages = self._secrets.describe_secret(SecretId=event["SecretId"])["VersionIdsToStages"]
        return str(next(token for token, labels in stages.items() if "AWSCURRENT" in labels))

    def killed_after(self, seconds: float, event: dict[str, Any]) -> bool:
        """Call it and kill it so much later; whether that was before it had ended."""
        # The current version needs nothing to be done: so the function is warm.
        assert "FunctionError" not in self.make(
            event | {"ClientRequestToken": self._current(event)}
        )
        [environment] = self._processes.of(self._function)
        if not seconds:
            environment.suspend()
        with ThreadPoolExecutor() as pool:
            called: Future[dict[str, Any]] = pool.submit(self.make, event)
            time.sleep(seconds or _TO_ARRIVE_SECONDS)
            environment.kill()
            return "FunctionError" in called.result()


def _pending(deployment: Deployment, arn: str, processes: Processes, function: str) -> str:
    """The token of a rotation whose first step was killed while the function started."""
    processes.kill(function)
    secrets = deployment.client("secretsmanager")
    token: str = secrets.rotate_secret(SecretId=arn)["VersionId"]
    deadline = time.monotonic() + 60
    while not processes.kill(function):
        assert time.monotonic() < deadline, "the rotation did not begin"
    stages = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
    assert stages[token] == ["AWSPENDING"]
    return token
