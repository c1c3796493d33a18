"""Releases under load: a bad one is taken back, a good one loses nothing."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.alarms import LONG_ENOUGH, Alarms
from tests.api import Api
from tests.deployment import Deployment
from tests.drills.count import Load
from tests.drills.releases import Releases

pytestmark = [pytest.mark.embedded, pytest.mark.long]
Function = dict[str, Any]


@pytest.fixture
def bell(deployment: Deployment) -> Alarms:
    """The deployed alarms, none of which rings from what was before."""
    alarms = Alarms(deployment)
    alarms.wait(LONG_ENOUGH)
    return alarms


@pytest.fixture
def releases(deployment: Deployment, bell: Alarms, tmp_path: Path) -> Iterator[Releases]:
    """A stack whose releases shift."""
    made = Releases(deployment, tmp_path / "assembly")
    with made.begun():
        bell.wait(LONG_ENOUGH)
        yield made


def ask(api: Api, operation: str, **members: Any) -> int:
    """The status of an answer; who is throttled asks again."""
    while (answer := api.call(operation, **members)).status == 429:
        time.sleep(1)
    if answer.status >= 500:
        sys.stdout.write(f"{answer.status} {answer.text}\n")
    return answer.status


def creations(drill: str, api: Api) -> Load:
    """Clients that each create items, never twice the same."""
    return Load(
        drill,
        lambda name: ask(api, "create", id=name, item={"name": name}) == 201,
        insist=False,
    )


def kept(api: Api, load: Load) -> list[str]:
    """Those of what was sent that can be read."""
    return [name for name in load.sent if ask(api, "read", id=name) == 200]


@pytest.mark.drill(name="release-bad", breaks="a release answers every request with an error")
def test_a_release_with_errors_is_taken_back_by_the_alarm(
    releases: Releases, api: Api, bell: Alarms
) -> None:
    def plant(function: Function) -> None:
        function["Environment"]["Variables"]["ITEMS_TABLE_NAME"] = "no-such-table"

    before = releases.versions()
    with creations("release-bad", api) as load:
        load.until(20)
        load.say("a release whose table is not there")
        released = releases.release(plant, load, bell)
        load.until(20)

    assert released.returncode != 0
    assert "ServerErrors" in released.stderr + released.stdout
    assert releases.versions() == before
    assert load.became["refused"] < len(load.sent) * 0.25
    counted = load.count(kept(api, load))
    assert (counted.kept, counted.lost) == (counted.answered, 0)


@pytest.mark.drill(name="release-refused", breaks="a release cannot even start")
def test_a_release_that_fails_its_check_serves_no_request(
    releases: Releases, api: Api, bell: Alarms
) -> None:
    def plant(function: Function) -> None:
        function["Handler"] = "services.items_api.nothing.lambda_handler"

    before = releases.versions()
    with creations("release-refused", api) as load:
        load.until(20)
        load.say("a release that cannot be imported")
        released = releases.release(plant, load, bell)
        load.until(20)

    assert released.returncode != 0
    assert "the hook before traffic" in released.stderr + released.stdout
    assert releases.versions() == before
    assert load.count(kept(api, load)).is_whole()


@pytest.mark.drill(name="release-good", breaks="nothing: a version takes over under load")
def test_a_good_release_loses_nothing(releases: Releases, api: Api, bell: Alarms) -> None:
    def plant(function: Function) -> None:
        function["MemorySize"] = 640

    before = releases.versions()
    with creations("release-good", api) as load:
        load.until(20)
        load.say("a release with more memory")
        released = releases.release(plant, load, bell)
        load.until(20)

    assert released.returncode == 0, released.stderr
    assert len(releases.versions()) == 1
    assert releases.versions() != before
    assert load.count(kept(api, load)).is_whole()
