"""The two ports of the deployment, attacked by hand."""

from collections.abc import Iterator

import pytest

from tests import rights
from tests.deployment import Deployment
from tests.security.wire import Signer, Wire


@pytest.fixture(autouse=True)
def within_the_rights_of_a_pipeline(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that runs on AWS, too, calls AWS for what `lib/delivery/rights.toml` lists alone."""
    with rights.held() as lacking:
        yield
    on_aws = request.node.get_closest_marker("embedded") is None
    assert not (on_aws and lacking), f"a pipeline may not: {sorted(lacking)}"


@pytest.fixture(scope="session")
def aws_api(deployment: Deployment) -> Wire:
    """The port of the AWS API."""
    return Wire(str(deployment.endpoint), deployment.ca_bundle)


@pytest.fixture(scope="session")
def front_door(deployment: Deployment) -> Wire:
    """The port that people use."""
    return Wire(deployment.store_url)


@pytest.fixture(scope="session")
def root(deployment: Deployment) -> Signer:
    """The root user of the embedded cloud."""
    return Signer.of(deployment)
