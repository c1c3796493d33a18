"""The stacks that many tests look at, synthesized once."""

import pytest

from tests.unit.synthesized import SynthesizedStack


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
    )
