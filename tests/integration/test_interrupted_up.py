"""A `tap up` that is killed before its stacks are deployed is made good by the next one."""

import uuid

import pytest

from tests import interrupted
from tests.deployment import another_cloud
from tests.interrupted import Up, is_made_good

pytestmark = pytest.mark.embedded
# Of this run's own, so that nobody has synthesized with them yet.
_SETTINGS = {"CDK_CONTEXT": f"allowedOrigins=https://{uuid.uuid4().hex}.example"}


def test_each_up_goes_on_where_the_one_before_was_killed() -> None:
    with another_cloud() as home:
        for moment, wholly in (
            (interrupted.start, False),
            (interrupted.synthesis, False),
            (interrupted.synthesis, True),
            (interrupted.bootstrap, True),  # what outlives its `tap up` could end the bootstrap
            (interrupted.bootstrap, False),
            (interrupted.start_of_the_database, True),
            (interrupted.deployment, False),
            (interrupted.deployment_of_a_stack, True),
        ):
            Up(home, **_SETTINGS).kill(at=moment, wholly=wholly)

        is_made_good(home, **_SETTINGS)
