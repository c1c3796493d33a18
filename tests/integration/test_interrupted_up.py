"""A `tap up` that is killed at any moment of a first deployment is made good by the next one."""

import uuid

import pytest

from tests.deployment import another_cloud
from tests.interrupted import (
    Up,
    bootstrap,
    deployment,
    deployment_of_a_stack,
    is_made_good,
    start,
    start_of_the_database,
    synthesis,
)

pytestmark = pytest.mark.embedded
# Of this run's own, so that nobody has synthesized with them yet.
_SETTINGS = {"CDK_CONTEXT": f"allowedOrigins=https://{uuid.uuid4().hex}.example"}


def test_each_up_goes_on_where_the_one_before_was_killed() -> None:
    with another_cloud() as home:
        for moment, wholly in (
            (start, False),
            (synthesis, False),
            (synthesis, True),
            (bootstrap, True),  # wholly first: what outlives its `tap up` could end the bootstrap
            (bootstrap, False),
            (start_of_the_database, True),
            (deployment, False),
            (deployment_of_a_stack, True),
        ):
            Up(home, **_SETTINGS).kill(at=moment, wholly=wholly)

        is_made_good(home, **_SETTINGS)
