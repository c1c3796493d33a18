"""A start that fails leaves nothing behind, and a process that is alive is not yet a cloud."""

import json
import subprocess
import sys
from dataclasses import replace

import botocore
import psutil
import pytest

from localcloud import ports, postgres, process
from localcloud.app import App
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """A cloud on free ports whose database starts at once."""
    api, front, database = (ports.free_port() for _ in range(3))
    made = Cloud(home=tmp_path / "home", port=api, front_port=front, database_port=database)
    made.save()
    (made.home / "cloud.log").touch()
    monkeypatch.setattr(postgres, "start", lambda _cloud: None)
    return made


@pytest.fixture
def child(cloud, monkeypatch):
    """What the cloud's own process is replaced by: it lives and never answers."""
    with subprocess.Popen(SLEEPER) as started:
        found = psutil.Process(started.pid)

        def launch(_cloud):
            noted = {"pid": found.pid, "created": found.create_time()}
            (cloud.home / "process.json").write_text(json.dumps(noted))
            return found

        monkeypatch.setattr(process, "_launch", launch)
        yield found
        started.kill()


@pytest.mark.parametrize("how", [CloudError("no answer"), KeyboardInterrupt()])
def test_a_start_that_fails_or_is_interrupted_stops_what_it_started(cloud, child, monkeypatch, how):
    def fail(*_):
        raise how

    monkeypatch.setattr(process, "wait_until_ready", fail)

    with pytest.raises(type(how)):
        process.start(cloud)

    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert process.running(cloud.home) is None


def test_a_process_that_does_not_answer_is_no_cloud(cloud, child, monkeypatch):
    monkeypatch.setattr(process, "_START_SECONDS", 0.3)

    with pytest.raises(CloudError, match=r"did not answer within .* stop it, then start it again"):
        process.wait_until_ready(cloud, child)


def test_a_process_that_ended_is_told_with_the_last_line_of_its_log(cloud, child):
    (cloud.home / "cloud.log").write_text("OSError: [Errno 28] No space left on device\n\n")
    child.kill()
    child.wait()

    with pytest.raises(CloudError, match=r"ended at once: .*No space left on device"):
        process.wait_until_ready(cloud, child)


def test_the_emulator_has_its_own_botocore_and_this_process_another(cloud, tmp_path):
    (tmp_path / "botocore.py").write_text("__version__ = 'the one that the emulator pins'")
    started = replace(cloud, app=App(emulator=tmp_path))

    said = subprocess.run(
        [sys.executable, "-c", "import botocore; print(botocore.__version__)"],
        env=process._environment(started),
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "the one that the emulator pins\n"
    assert botocore.__version__ != "the one that the emulator pins"


def test_what_the_cloud_is_started_with_tells_no_secret(cloud):
    told = process._environment(cloud).values()

    assert not {cloud.access_key_id, cloud.secret_access_key, cloud.database_password} & {*told}
