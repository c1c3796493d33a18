"""Fixtures of several suites."""

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.services import fakes
from tests.unit.services.fakes.items_api import ItemsApi
from tests.unit.services.fakes.partner_api import Partner

# How fast examples are drawn is a matter of what else the machine does.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.fixture
def secret() -> fakes.SecretsManager:
    return fakes.SecretsManager()


@pytest.fixture
def api(secret: fakes.SecretsManager) -> ItemsApi:
    return ItemsApi(secret)


@pytest.fixture
def partner_api() -> Partner:
    return Partner()


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> fakes.LogLines:
    return fakes.log_lines(monkeypatch)
