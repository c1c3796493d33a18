"""Saved states: what is in the file, what is not, and what loading one leaves alone."""

import json
import re
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud import orphans, process
from localcloud.cloud import Cloud
from localcloud.errors import CloudError
from localcloud.state import SERVICE, State
from tools import saved


def cloud_in(home: Path, *, port: int = 1) -> Cloud:
    """A stopped cloud with a state, an object and what belongs to its machine."""
    cloud = Cloud(home=home, port=port, front_port=port + 1, database_port=port + 2)
    cloud.save()
    for folder in ("state", "objects", "run", "tmp"):
        (home / folder).mkdir()
    write(home, "first")
    (home / "objects" / "a").write_text("an object")
    for machines in ("process.json", "cloud.log", "run/worker", "tmp/code"):
        (home / machines).write_text("of this machine")
    return cloud


def write(home: Path, text: str) -> None:
    state = State(home / "state")
    with closing(state._file):
        state.save({(SERVICE, "dynamodb"): text})


def held(home: Path) -> str | None:
    state = State(home / "state")
    with closing(state._file):
        return state.value(SERVICE, "dynamodb")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return cloud_in(tmp_path / "cloud")


@pytest.fixture
def file(cloud: Cloud) -> Path:
    """A saved state."""
    found = saved.path(cloud.home, "mine")
    saved.save(cloud, found)
    return found


def test_a_file_has_what_the_cloud_holds_and_nothing_of_its_machine(
    cloud: Cloud, file: Path
) -> None:
    with tarfile.open(file) as archive:
        names = archive.getnames()
        archive.extractall(file.parent / "all", filter="data")
    texts = [each.read_bytes() for each in (file.parent / "all").rglob("*") if each.is_file()]

    assert {name.split("/")[0] for name in names} == {"about.json", "objects", "state"}
    for secret in (cloud.secret_access_key, cloud.database_password, "PRIVATE KEY"):
        assert not any(secret.encode() in text for text in texts)


def test_only_this_user_can_read_a_file(file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0


def test_a_loaded_state_is_the_one_that_was_saved_with_this_machines_own_identity(
    cloud: Cloud, file: Path
) -> None:
    before = (cloud.home / "tls" / "server.pem").read_text()
    write(cloud.home, "second")
    (cloud.home / "objects" / "b").touch()

    saved.load(cloud, file)

    assert held(cloud.home) == "first"
    assert [each.name for each in (cloud.home / "objects").iterdir()] == ["a"]
    assert Cloud.load(cloud.home) == cloud
    assert (cloud.home / "tls" / "server.pem").read_text() == before
    assert {each.name for each in file.parent.parent.iterdir()} == {"cloud", "cloud-saved"}


def test_another_machine_keeps_its_keys_and_takes_the_databases_port(
    cloud: Cloud, file: Path, tmp_path: Path
) -> None:
    other = Cloud(home=tmp_path / "other", port=11, front_port=12)
    other.home.mkdir()

    saved.load(other, file)

    assert Cloud.load(other.home) == replace(other, database_port=cloud.database_port)
    assert held(other.home) == "first"


def test_the_database_of_another_cloud_is_adopted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted: list[Cloud] = []
    monkeypatch.setattr(saved, "_adopt", adopted.append)
    (cloud.home / "postgres").mkdir()
    for name in ("PG_VERSION", "postmaster.pid", "postgresql.auto.conf"):
        (cloud.home / "postgres" / name).touch()
    found = saved.path(cloud.home, "mine")
    saved.save(cloud, found)

    saved.load(cloud, found)

    assert [each.database_password for each in adopted] == [cloud.database_password]
    assert [each.name for each in (cloud.home / "postgres").iterdir()] == ["PG_VERSION"]


def test_one_of_another_version_is_refused_and_nothing_is_touched(
    cloud: Cloud, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cloud.home, "second")
    monkeypatch.setattr(saved, "version", lambda _: "9.9")

    with pytest.raises(CloudError, match=r"was made by tap [\d.]+, this is tap 9\.9; save it anew"):
        saved.load(cloud, file)

    assert held(cloud.home) == "second"


@pytest.mark.parametrize("bad", ["nothing", "text", "half", "damaged"])
def test_a_file_that_is_not_whole_leaves_everything_as_it_is(
    cloud: Cloud, file: Path, bad: str
) -> None:
    if bad == "damaged":
        (cloud.home / "state" / "state.sqlite").write_text("no database")
        saved.save(cloud, file)
        (cloud.home / "state" / "state.sqlite").unlink()
    write(cloud.home, "second")
    whole = file.read_bytes()
    file.unlink()
    if bad != "nothing":
        file.write_bytes({"text": b"text", "half": whole[: len(whole) // 2]}.get(bad, whole))

    with pytest.raises(CloudError, match=re.escape(f"{file} is no saved state")):
        saved.load(cloud, file)

    assert held(cloud.home) == "second"
    assert {each.name for each in cloud.home.parent.iterdir()} == {"cloud", "cloud-saved"}


def test_a_save_that_fails_leaves_the_older_file(
    cloud: Cloud, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    whole = file.read_bytes()
    monkeypatch.setattr(tarfile.TarFile, "add", full)

    with pytest.raises(OSError, match="No space"):
        saved.save(cloud, file)

    assert file.read_bytes() == whole
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_file_cannot_write_outside_of_the_cloud(cloud: Cloud, file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        about = file.parent / "about.json"
        made_by = saved._version(cloud)
        about.write_text(json.dumps({"made_by": made_by, "database_port": 3}))
        archive.add(about, "about.json")
        archive.add(about, "../../stolen")

    with pytest.raises(CloudError, match="outside the destination"):
        saved.load(cloud, file)

    assert held(cloud.home) == "first"


def test_saved_states_are_listed(cloud: Cloud, file: Path) -> None:
    assert file.exists()

    [told] = saved.listed(cloud.home)

    assert told["name"] == "mine"
    assert told["made_by"].startswith("tap ")


def test_what_is_forgotten_is_not_the_identity(cloud: Cloud) -> None:
    saved.forget(cloud.home, yes=True)

    assert {each.name for each in cloud.home.iterdir()} == {"cloud.json", "lock", "tls"}
    assert Cloud.load(cloud.home) == cloud


@pytest.mark.parametrize("ran", [True, False])
def test_a_cloud_that_ran_runs_again_even_when_saving_failed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, ran: bool
) -> None:
    did: list[str] = []
    monkeypatch.setattr(process, "running", lambda _: object() if ran else None)
    monkeypatch.setattr(process, "stop", lambda _: did.append("stop"))
    monkeypatch.setattr(process, "start", lambda _: did.append("start"))
    monkeypatch.setattr(orphans, "end", lambda _: None)

    with pytest.raises(CloudError), saved.stopped(cloud.home):
        raise CloudError("full")

    assert did == ["stop", *(["start"] if ran else [])]
