"""Releases under load: a bad one is taken back, a good one loses nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.alarms import LONG_ENOUGH, Alarms
from tests.api import Api
from tests.deployment import Deployment
from tests.drills.count import Count, Load
from tests.drills.releases import Edit, Releases

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


@dataclass(frozen=True, kw_only=True)
class Released:
    """What became of a release under load, and of the requests meanwhile."""

    ended: subprocess.CompletedProcess[str]
    before: dict[str, float]  # the versions that were served, with their shares
    refused: int
    count: Count

    @property
    def said(self) -> str:
        """All that the deployment said."""
        return self.ended.stderr + self.ended.stdout


@dataclass(frozen=True)
class Drill:
    """Items are created while the function is released."""

    releases: Releases
    api: Api
    bell: Alarms

    def release(self, name: str, what: str, edit: Edit) -> Released:
        """Release the function, edited; `what` is told of it."""
        before = self.releases.versions()
        with creations(name, self.api) as load:
            load.until(20)
            load.say(what)
            ended = self.releases.release(edit, load, self.bell)
            load.until(20)
        count = load.count(kept(self.api, load))
        return Released(ended=ended, before=before, refused=load.became["refused"], count=count)


@pytest.fixture
def drill(releases: Releases, api: Api, bell: Alarms) -> Drill:
    """A release under load."""
    return Drill(releases, api, bell)


@pytest.mark.drill(name="release-bad", breaks="a release answers every request with an error")
def test_a_release_with_errors_is_taken_back_by_the_alarm(drill: Drill) -> None:
    def plant(function: Function) -> None:
        function["Environment"]["Variables"]["ITEMS_TABLE_NAME"] = "no-such-table"

    released = drill.release("release-bad", "a release whose table is not there", plant)

    assert released.ended.returncode != 0
    assert "ServerErrors" in released.said
    assert drill.releases.versions() == released.before
    assert released.refused < released.count.sent * 0.25
    assert (released.count.kept, released.count.lost) == (released.count.answered, 0)


@pytest.mark.drill(name="release-refused", breaks="a release cannot even start")
def test_a_release_that_fails_its_check_serves_no_request(drill: Drill) -> None:
    def plant(function: Function) -> None:
        function["Handler"] = "services.items_api.nothing.lambda_handler"

    released = drill.release("release-refused", "a release that cannot be imported", plant)

    assert released.ended.returncode != 0
    assert "the hook before traffic" in released.said
    assert drill.releases.versions() == released.before
    assert released.count.is_whole()


@pytest.mark.drill(name="release-good", breaks="nothing: a version takes over under load")
def test_a_good_release_loses_nothing(drill: Drill) -> None:
    def plant(function: Function) -> None:
        function["MemorySize"] = 640

    released = drill.release("release-good", "a release with more memory", plant)

    assert released.ended.returncode == 0, released.said
    assert len(drill.releases.versions()) == 1
    assert drill.releases.versions() != released.before
    assert released.count.is_whole()
