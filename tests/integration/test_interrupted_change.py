"""A `tap up` that is killed when its stacks are deployed is made good by the next one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import interrupted
from tests.deployment import FREE_PORTS, another_cloud, tap
from tests.interrupted import Moment, Up, is_made_good

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The folder of an embedded cloud that is deployed."""
    with another_cloud() as folder:
        tap(folder, "up", *FREE_PORTS)
        yield folder


@pytest.mark.parametrize(
    ("moment", "wholly"),
    [
        (interrupted.settings, False),
        (interrupted.migration, True),
        (interrupted.publish, False),
    ],
)
def test_an_up_killed_after_its_deployment_is_made_good(
    home: Path, moment: Moment, wholly: bool
) -> None:
    (home / "deployed.json").unlink()
    Up(home).kill(at=moment, wholly=wholly)

    is_made_good(home)


def test_an_up_killed_while_it_changes_a_stack_is_made_good(home: Path) -> None:
    changed = {"CDK_CONTEXT": "allowedOrigins=https://changed.example"}
    Up(home, **changed).kill(at=interrupted.deployment_of_a_stack, wholly=False)

    is_made_good(home, **changed)
