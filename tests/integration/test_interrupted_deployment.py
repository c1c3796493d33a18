"""A `tap up` that is killed over what was deployed before is made good by the next one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import another_cloud, start_deployed
from tests.interrupted import (
    Moment,
    Up,
    deployment_of_a_stack,
    is_made_good,
    migration,
    publish,
    settings,
)

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The folder of an embedded cloud that everything is deployed to."""
    with another_cloud() as folder:
        start_deployed(folder)
        yield folder


@pytest.mark.parametrize(
    ("moment", "wholly"), [(settings, False), (migration, True), (publish, False)]
)
def test_an_up_killed_after_its_deployment_is_made_good(
    home: Path, moment: Moment, wholly: bool
) -> None:
    (home / "deployed.json").unlink()
    Up(home).kill(at=moment, wholly=wholly)

    is_made_good(home)


def test_an_up_killed_while_it_changes_a_stack_is_made_good(home: Path) -> None:
    changed = {"CDK_CONTEXT": "allowedOrigins=https://changed.example"}
    Up(home, **changed).kill(at=deployment_of_a_stack, wholly=False)

    is_made_good(home, **changed)
