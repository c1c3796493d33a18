"""The embedded cloud is started and stopped, and nothing is lost."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from cli.commands import up
from localcloud import postgres, process
from localcloud.cloud import ACCOUNT
from tests.api import Api
from tests.deployment import (
    FREE_PORTS,
    PORT_OPTIONS,
    Deployment,
    another_cloud,
    command,
    environment,
    stop,
    tap,
)

pytestmark = pytest.mark.embedded
_ROOT = Path(__file__).parent.parent.parent


def test_commands_say_that_no_cloud_is_running() -> None:
    with another_cloud() as home:
        said = tap(home, "status", check=False)

    _is_one_line(said, "no embedded cloud is running", "tap up")


def test_a_second_up_is_told_that_another_is_at_work() -> None:
    with another_cloud() as home:
        first = _background_up(home)
        _wait_for((home / "process.json").exists)
        second = tap(home, "up", check=False)
        first.send_signal(signal.SIGINT)
        said = first.communicate(timeout=60)[1]

    _is_one_line(second, "another command is at work", "wait until it ends")
    assert first.returncode == 1
    assert "interrupted; run `tap up` again" in said


def test_an_interrupted_start_leaves_nothing_running() -> None:
    with another_cloud() as home:
        first = _background_up(home)
        _wait_for((home / "process.json").exists)
        noted = json.loads((home / "process.json").read_text())
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)

        assert not _is_alive(noted["pid"])
        assert process.running(home) is None
        assert postgres.server(home) is None


def test_a_start_waits_for_the_cloud_of_one_that_was_killed_in_the_middle() -> None:
    with another_cloud() as home:
        first = _background_up(home)
        _wait_for((home / "process.json").exists)
        first.kill()
        first.communicate(timeout=60)
        pid = json.loads((home / "process.json").read_text())["pid"]

        cloud = up.start(home, {})

        assert cloud.client("sts").get_caller_identity()["Account"] == ACCOUNT
        assert json.loads((home / "process.json").read_text())["pid"] == pid


@pytest.mark.parametrize("option", PORT_OPTIONS)
def test_a_taken_port_is_told_with_its_holder(option: str) -> None:
    with another_cloud() as home, socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        ports = (word for name in PORT_OPTIONS if name != option for word in (name, "0"))
        said = tap(home, "up", option, port, *ports, check=False)

    me = f"(process {psutil.Process().pid})"
    _is_one_line(said, f"port {port} is taken by", me, f"`TAP_HOME={home} TAP_", " make up`")


def test_a_half_written_description_is_told_with_what_to_do() -> None:
    with another_cloud() as home:
        home.mkdir()
        (home / "cloud.json").write_text('{"port": 45')
        said = tap(home, "up", check=False)

    _is_one_line(said, f"{home / 'cloud.json'} is damaged", "forget it by deleting")


def test_a_half_written_state_is_told_with_what_to_do() -> None:
    with another_cloud() as home:
        (home / "state").mkdir(parents=True)
        (home / "state" / "state.sqlite").write_text('{"tables": {"ta')
        said = tap(home, "up", *FREE_PORTS, check=False)

    _is_one_line(said, f"{home / 'state' / 'state.sqlite'} is not whole", "forget it by deleting")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("megabytes", [1, 12, pytest.param(60, marks=pytest.mark.long)])
def test_a_full_disk_is_told_in_one_line(megabytes: int) -> None:
    with another_cloud() as home:
        home.mkdir()
        size = f"size={megabytes}m"
        mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(home)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("this machine lets nobody mount a small disk")
        try:
            said = tap(home, "up", *FREE_PORTS, check=False)
            stop(home)
        finally:
            subprocess.run(["umount", "--lazy", str(home)], check=True)

    assert said.returncode == 1
    assert "no space left on device" in said.stderr.splitlines()[-1].casefold()
    assert "Traceback" not in said.stderr


def test_down_leaves_no_process_and_up_resumes_what_was_there(
    api: Api, deployment: Deployment
) -> None:
    item = api.call("create", item={"name": "kept"}).data["item"]
    cloud = psutil.Process(_pid(deployment))
    family = [cloud, *cloud.children(recursive=True)]
    assert len(family) > 1, "no function was running"

    deployment.tap("down")
    left = [process for process in family if process.is_running()]
    again = deployment.tap("down")
    deployment.tap("up")

    assert not left
    assert "No embedded cloud is running" in again.stderr
    assert api.call("read", id=item["id"]).data["item"] == item
    api.call("delete", id=item["id"])


def test_what_was_counted_a_moment_before_the_end_is_there_after_up(
    api: Api, deployment: Deployment
) -> None:
    cloud = psutil.Process(_pid(deployment))
    api.call("read", id="nothing")
    time.sleep(2)  # what was counted before is published
    before = _invocations(deployment)

    api.call("read", id="nothing")
    cloud.terminate()
    cloud.wait(20)
    deployment.tap("up")

    assert _invocations(deployment) == before + 1


def _invocations(deployment: Deployment) -> float:
    """How often the items API's function was called in the last hour."""
    now = datetime.now(UTC)
    found = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": deployment.outputs["ApiFunctionName"]}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return float(sum(each["Sum"] for each in found["Datapoints"]))


def _pid(deployment: Deployment) -> int:
    pid: int = json.loads(deployment.tap("status", "--json").stdout)["pid"]
    return pid


def _background_up(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # pylint: disable=consider-using-with  # the test waits for it
        command(home, "up", *FREE_PORTS),
        cwd=_ROOT,
        env=environment("up"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_one_line(said: subprocess.CompletedProcess[str], *parts: str) -> None:
    """A failure on purpose: exit code 1, and one line that has all these parts."""
    assert said.returncode == 1
    [line] = said.stderr.strip().splitlines()
    for part in ("error:", *parts):
        assert part in line
