"""The partner API's stack, of each environment."""

import pytest

from tests.unit.synthesized import SynthesizedStack


@pytest.fixture(name="dev", scope="module")
def partner_in_dev(dev: SynthesizedStack) -> SynthesizedStack:
    return dev.other("PartnerApiStack")


@pytest.fixture(name="prod", scope="module")
def partner_in_prod(prod: SynthesizedStack) -> SynthesizedStack:
    return prod.other("PartnerApiStack")


@pytest.fixture(name="closed", scope="module")
def partner_without_browsers(qa: SynthesizedStack) -> SynthesizedStack:
    return qa.other("PartnerApiStack")


@pytest.fixture(name="stack", params=["dev", "prod"])
def either_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack
