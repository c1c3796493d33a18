"""The two ports of the deployment, attacked by hand."""

import pytest

from tests.deployment import Deployment
from tests.rights import within_the_rights_of_a_pipeline
from tests.security.wire import Signer, Wire

__all__ = ["within_the_rights_of_a_pipeline"]


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
