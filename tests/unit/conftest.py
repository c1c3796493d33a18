"""The stacks that many tests look at, synthesized once."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.services import environment
from tests.unit.synthesized import SynthesizedStack

__all__ = ["environment"]  # imported before the services are: they read it when they start

# The emulator, for the tests that ask it; its botocore comes after the functions'.
sys.path.append(str(Path(__file__).parents[2] / ".build/emulator"))

_ID = "11111111-2222-3333-4444-555555555555"
CERTIFICATE = f"arn:aws:acm:us-east-1:123456789012:certificate/{_ID}"
WEB_ACL = f"arn:aws:wafv2:us-east-1:123456789012:global/webacl/Firewall/{_ID}"


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack where data is thrown away, with default settings."""
    return SynthesizedStack.of("dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack where data is kept, with every setting given."""
    return SynthesizedStack.of(
        "prod",
        tmp_path_factory.mktemp("prod"),
        allowedOrigins="https://a.example.com,https://b.example.com:8443",
        alarmEmail="ops@example.com",
        logRetention="TWO_YEARS",
        apiRateLimit="50",
        apiBurstLimit=75,
        partnerPlan="standard",
        natGateways="zone",
        databaseInstance="m7g.large",
        storeDomain="shop.example.com",
        storeCertificateArn=CERTIFICATE,
        storeWebAclArn=WEB_ACL,
    )


@pytest.fixture(scope="session")
def qa(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack where data is kept, with default settings."""
    return SynthesizedStack.of("qa", tmp_path_factory.mktemp("qa"))


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack that delivers the others, for two environments."""
    folder = tmp_path_factory.mktemp("delivery")
    made = SynthesizedStack.of("", folder, delivery="octocat/tap")
    return replace(made, kind="DeliveryStack")


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack in us-east-1 of a store with a host name of its own."""
    folder = tmp_path_factory.mktemp("edge")
    made = SynthesizedStack.of("prod", folder, edge="true", storeDomain="shop.example.com")
    return replace(made, kind="EdgeStack")


@pytest.fixture(scope="session")
def previews(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The stack that delivers pull requests, to an account of their own, with every setting given.

    GitHub's tokens name the repository by its ids, and the CDK's bootstrap stack has another
    qualifier.
    """
    settings = {
        "delivery": "octocat@1/tap@2",
        "deliveryEnvironments": "preview",
        "@aws-cdk/core:bootstrapQualifier": "ours",
    }
    made = SynthesizedStack.of("", tmp_path_factory.mktemp("previews"), **settings)
    return replace(made, kind="DeliveryStack")


@pytest.fixture(scope="session")
def store(dev: SynthesizedStack) -> SynthesizedStack:
    """The store where data is thrown away, with default settings."""
    return replace(dev, kind="EcommerceStack")


@pytest.fixture(scope="session")
def store_prod(prod: SynthesizedStack) -> SynthesizedStack:
    """The store where data is kept, with every setting given."""
    return replace(prod, kind="EcommerceStack")


@pytest.fixture(scope="session")
def store_qa(qa: SynthesizedStack) -> SynthesizedStack:
    """The store where data is kept, with default settings."""
    return replace(qa, kind="EcommerceStack")


@pytest.fixture(scope="session")
def store_nat_none(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The store where data is kept, whose network has no way out."""
    made = SynthesizedStack.of("qa", tmp_path_factory.mktemp("none"), natGateways="none")
    return replace(made, kind="EcommerceStack")


@pytest.fixture(scope="session")
def store_nat_regional(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedStack:
    """The store whose way out survives the loss of a zone."""
    made = SynthesizedStack.of("dev", tmp_path_factory.mktemp("regional"), natGateways="regional")
    return replace(made, kind="EcommerceStack")
