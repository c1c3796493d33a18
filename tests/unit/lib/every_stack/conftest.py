"""Each stack of each environment."""

from itertools import product

import pytest

from tests.unit.synthesized import KINDS, SynthesizedStack


@pytest.fixture(name="stack", params=product(("dev", "prod"), KINDS), ids="-".join)
def every_stack(request: pytest.FixtureRequest) -> SynthesizedStack:
    environment, kind = request.param
    app: SynthesizedStack = request.getfixturevalue(environment)
    return app.other(kind)
