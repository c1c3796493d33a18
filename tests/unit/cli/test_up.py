"""What `tap up` does about certificates, taken ports, and a store that is open already."""

from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest

from cli import project, targets
from cli import store as command_store
from cli.commands.up import deploy, start
from cli.errors import CliError
from localcloud import certificates, deployment, ports, process
from localcloud.cloud import Cloud

GIVEN: dict[str, int | None] = {"port": None, "front_port": None, "database_port": None}


@pytest.fixture
def calls(monkeypatch):
    """A cloud that seems to run, and what is done with it."""
    done: list[str] = []
    monkeypatch.setattr(process, "running", lambda _: psutil.Process())
    monkeypatch.setattr(process, "wait_until_ready", lambda *_: done.append("waited"))
    monkeypatch.setattr(process, "stop", lambda _: done.append("stopped"))
    monkeypatch.setattr(process, "start", lambda _: done.append("started"))
    return done


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(home=tmp_path / "home", port=4566, front_port=8080)
    made.save()
    return made


def test_a_running_cloud_is_left_running(cloud, calls):
    start(cloud.home, GIVEN)

    assert calls == ["waited"]


def test_a_running_cloud_whose_certificates_end_soon_starts_again_with_new_ones(
    cloud, calls, monkeypatch
):
    monkeypatch.setattr(certificates, "VALID_DAYS", 20)
    (cloud.home / "tls" / "ca.pem").unlink()
    cloud.save()
    before = cloud.authority.read_bytes()

    start(cloud.home, GIVEN)

    assert calls == ["stopped", "started"]
    assert cloud.authority.read_bytes() != before


def test_a_running_clouds_ports_are_kept_when_it_starts_again(cloud, calls):
    (cloud.home / "tls" / "ca.pem").unlink()

    again = start(cloud.home, GIVEN)

    assert calls == ["stopped", "started"]
    assert again == replace(cloud, app=project.APP)


@pytest.fixture
def stopped(cloud, monkeypatch):
    """A cloud with a database, which is stopped."""
    (cloud.home / "postgres").mkdir()
    (cloud.home / "postgres" / "PG_VERSION").touch()
    monkeypatch.setattr(process, "running", lambda _: None)
    return cloud


def test_a_deployed_database_does_not_move_to_another_port(stopped):
    with pytest.raises(CliError, match=r"deployed with database_port 5433.* without another"):
        start(stopped.home, GIVEN | {"database_port": 5544})

    assert Cloud.load(stopped.home) == stopped


def test_a_deployed_databases_port_may_be_given_again(stopped, monkeypatch):
    monkeypatch.setattr(process, "start", lambda _: None)

    assert start(stopped.home, GIVEN | {"database_port": 5433}).database_port == 5433


def test_no_other_port_is_told_for_a_deployed_database_whose_port_is_taken(stopped, monkeypatch):
    def taken(_):
        raise ports.PortsTaken("port 5433 is taken by x", {"database_port": 5434})

    monkeypatch.setattr(process, "start", taken)

    with pytest.raises(CliError, match="taken by x; end it: a deployed store keeps its port"):
        start(stopped.home, GIVEN)


@pytest.mark.parametrize(
    ("home", "line"),
    [
        ("a b", "`TAP_HOME='{home}' TAP_PORT=4567 TAP_FRONT_PORT=8081 make up`"),
        (".tap", "`TAP_PORT=4567 TAP_FRONT_PORT=8081 make up`"),
    ],
)
def test_taken_ports_are_told_with_a_line_to_paste(home, line, tmp_path, monkeypatch):
    def taken(_):
        raise ports.PortsTaken("port 4566 is taken by x", {"port": 4567, "front_port": 8081})

    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(process, "start", taken)

    with pytest.raises(CliError) as refused:
        start(tmp_path / home, GIVEN)

    assert line.format(home=tmp_path / home) in str(refused.value)


@pytest.fixture
def opening(cloud, tmp_path, monkeypatch):
    """A checkout whose every deployment succeeds, and what is done with the store."""
    opened: list[str] = []
    stack = SimpleNamespace(name="EcommerceStackdev", outputs={"MigrationFunctionName": "f"})
    for source in ("web/store", "services/store_migrations"):
        (tmp_path / source).mkdir(parents=True)
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(targets, "embedded", lambda _: SimpleNamespace(stacks=[stack]))
    monkeypatch.setattr(deployment, "deploy", lambda *_, **__: None)
    monkeypatch.setattr(command_store, "migrate", lambda *_, **__: opened.append("migrated"))
    monkeypatch.setattr(command_store, "publish", lambda *_: opened.append("published"))
    deploy(cloud)
    opened.clear()
    return SimpleNamespace(opened=opened, stack=stack)


def edit(file="tap.py"):
    (project.ROOT / file).write_text("another")


def test_a_store_of_which_nothing_changed_is_not_opened_again(cloud, opening):
    edit()

    assert deploy(cloud)
    assert opening.opened == []


@pytest.mark.parametrize("file", ["web/store/index.html", "services/store_migrations/new.sql"])
def test_a_store_whose_page_or_migrations_changed_is_opened_again(cloud, opening, file):
    edit(file)

    assert deploy(cloud)
    assert opening.opened == ["migrated", "published"]


def test_a_store_that_was_made_anew_is_opened_again(cloud, opening):
    edit()
    opening.stack.outputs = {"MigrationFunctionName": "another"}

    assert deploy(cloud)
    assert opening.opened == ["migrated", "published"]


def test_a_store_is_opened_again_after_a_deployment_that_failed(cloud, opening, monkeypatch):
    def fail(*_, **__):
        raise CliError("refused")

    edit()
    with monkeypatch.context() as failing:
        failing.setattr(deployment, "deploy", fail)
        with pytest.raises(CliError):
            deploy(cloud)

    assert deploy(cloud)
    assert opening.opened == ["migrated", "published"]
