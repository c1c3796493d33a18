"""The embedded cloud is killed, cannot write, its clock jumps: what it answered is kept, once."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests import clock
from tests.alarms import MINUTE
from tests.api import Api
from tests.deployment import Deployment
from tests.drills.conftest import Orders, Processes, Records
from tests.drills.count import Load

pytestmark = pytest.mark.embedded
JUMPS = 3


@pytest.mark.long
@pytest.mark.drill(
    name="emulator-killed", breaks="the embedded cloud is killed (SIGKILL) under orders"
)
def test_an_embedded_cloud_that_is_killed_loses_and_doubles_no_order(
    deployment: Deployment, orders: Orders, processes: Processes
) -> None:
    with orders.load("emulator-killed") as load:
        load.until(20)
        load.say("the embedded cloud is killed")
        processes.server().kill()
        load.until(8, "without an answer")
        load.say("`tap up`")
        deployment.tap("up")
        load.until(20)

    assert load.count(orders.kept()).is_whole()


@pytest.mark.long
@pytest.mark.drill(
    name="disk-full", breaks="the embedded cloud can write no file any more, under writes"
)
def test_a_disk_that_takes_nothing_loses_and_doubles_no_item(
    deployment: Deployment, api: Api, processes: Processes
) -> None:
    def create(name: str) -> bool:
        # 409: it is there from a try that was refused because it was not saved yet.
        return api.call("create", id=name, item={"name": name}).status in (200, 201, 409)

    with Load("disk-full", create) as load:
        load.until(20)
        with _no_space(processes.server()):
            load.say("nothing can be written")
            load.until(8, "refused")
        load.say("there is space again")
        load.until(20)
    load.say("the embedded cloud is killed, so that what was only in memory is gone")
    processes.server().kill()
    deployment.tap("up")

    kept = [name for name in load.sent if api.call("read", id=name).status == 200]
    assert load.count(kept).is_whole()


@pytest.mark.drill(
    name="clock-jump", breaks="the clock jumps, ten minutes each time, under requests"
)
def test_a_clock_that_jumps_loses_and_doubles_no_record(
    deployment: Deployment, records: Records
) -> None:
    assert deployment.home

    with records.load("clock-jump") as load:
        for _ in range(JUMPS):
            load.until(10)
            load.say("the clock jumps; what the writer has in its hands is delivered again")
            clock.advance(deployment.home, 10 * MINUTE)
        load.until(10)

    assert load.count(records.kept()).is_whole()
    assert set(load.became) == {"done"}


@contextmanager
def _no_space(server: psutil.Process) -> Iterator[None]:
    """Let every write of a process to a file fail until the block ends.

    By the limit of a file's size: the error is EFBIG and not ENOSPC, which only a file system of
    its own would give, and that only to root.
    """
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
