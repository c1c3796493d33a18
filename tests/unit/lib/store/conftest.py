"""The store's stack, of each environment."""

import pytest

from tests.unit.synthesized import SynthesizedStack


@pytest.fixture(name="stack", params=["store", "store_prod"])
def either_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack
