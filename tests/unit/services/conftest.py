"""Fixtures of several suites."""

import pytest

from tests.unit.services import fakes, partner


@pytest.fixture
def secret() -> fakes.SecretsManager:
    return fakes.SecretsManager()


@pytest.fixture
def api(secret: fakes.SecretsManager) -> fakes.Api:
    return fakes.Api(secret)


@pytest.fixture
def partner_api() -> partner.Partner:
    return partner.Partner()


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> fakes.LogLines:
    return fakes.log_lines(monkeypatch)
