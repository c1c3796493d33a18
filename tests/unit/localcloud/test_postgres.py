"""What is told when PostgreSQL cannot be started: its own reason, not what it did about it."""

import os
import shutil
import subprocess

import psutil
import pytest

from localcloud import postgres, postgres_programs
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

INITDB = """
echo creating subdirectories ...
echo 'initdb: error: could not create file "x": No space left on device' >&2
echo "initdb: removing data directory" >&2
exit 1
"""
SERVER = """
echo "2026-01-01 LOG:  starting" >&2
echo "2026-01-01 FATAL:  could not write lock file: No space left on device" >&2
echo "2026-01-01 LOG:  database system is shut down" >&2
exit 1
"""


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(home=tmp_path / "home", port=1, front_port=2, database_port=9)
    made.save()
    return made


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Scripts in the place of PostgreSQL's programs."""
    monkeypatch.setattr(postgres_programs, "command", lambda _, name: [str(tmp_path / name)])

    def write(name, text):
        (tmp_path / name).write_text(f"#!/bin/sh{text}")
        (tmp_path / name).chmod(0o755)

    return write


def test_a_data_folder_that_cannot_be_made_is_told_with_the_reason_of_initdb(cloud, programs):
    programs("initdb", INITDB)

    with pytest.raises(CloudError, match="No space left on device") as told:
        postgres.start(cloud)

    assert "removing" not in str(told.value)


def test_a_server_that_ends_at_once_is_told_at_once_and_with_its_reason(cloud, programs):
    programs("initdb", "\nexit 0")
    programs("postgres", SERVER)
    (cloud.home / "postgres").mkdir()
    (cloud.home / "postgres" / "PG_VERSION").touch()

    with pytest.raises(CloudError, match=r"FATAL: .*No space left on device"):
        postgres.start(cloud)


@pytest.mark.parametrize("unshare", ["exit 1", None])
def test_root_that_may_be_no_other_user_is_told_to_be_an_ordinary_one(
    cloud, tmp_path, monkeypatch, unshare
):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    if unshare:
        (tmp_path / "unshare").write_text(f"#!/bin/sh\n{unshare}\n")
        (tmp_path / "unshare").chmod(0o755)

    with pytest.raises(CloudError, match="start it as an ordinary user"):
        postgres_programs.command(cloud, "postgres")


def test_the_server_of_a_moved_checkout_is_found(cloud, tmp_path):
    data = cloud.home / "postgres"
    data.mkdir()
    with subprocess.Popen(["sh", "-c", "sleep 60; true", "-D", str(data)]) as child:
        (data / "postmaster.pid").write_text(f"{child.pid}\n{data}\n")
        shutil.move(cloud.home, tmp_path / "moved")

        found = postgres.server(tmp_path / "moved")

        for process in (*psutil.Process(child.pid).children(), psutil.Process(child.pid)):
            process.kill()
    assert found
    assert found.pid == child.pid


def test_another_program_of_that_number_is_not_taken_for_the_server(cloud):
    data = cloud.home / "postgres"
    data.mkdir()
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")

    assert postgres.server(cloud.home) is None
