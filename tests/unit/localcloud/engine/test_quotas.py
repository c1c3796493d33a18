"""Quotas of usage plans, in the emulator and here."""

import time
from datetime import UTC, datetime

import pytest
from ministack.services import apigateway_v1

from localcloud.engine import quotas
from localcloud.metrics.clock import Clock

WEDNESDAY = datetime(2026, 11, 25, 23, 30, tzinfo=UTC).timestamp()
HOUR, DAY = 3600, 86400


@pytest.fixture
def requests(monkeypatch):
    """Sends a request with a key at a time: whether the quota of its plan, 1, allows it."""
    plan = {"quota": {"limit": 1, "period": "DAY"}}
    monkeypatch.setattr(apigateway_v1, "_usage_plans", {"plan": plan})
    monkeypatch.setattr(apigateway_v1, "_quota_state", {})
    monkeypatch.setattr(
        apigateway_v1, "_usage_plans_for_key", lambda *_: [("plan", plan, {"apiId": "api"})]
    )

    def send(at, period="DAY"):
        plan["quota"]["period"] = period
        monkeypatch.setattr(time, "time", lambda: at)
        return apigateway_v1._check_quota({"id": "key"}, "api", "prod") is None

    return send


def test_the_original_begins_anew_a_day_after_the_first_request(requests):
    assert requests(WEDNESDAY)
    assert not requests(WEDNESDAY + HOUR)
    assert requests(WEDNESDAY + DAY)


@pytest.mark.parametrize(
    ("period", "until"),
    [
        ("DAY", datetime(2026, 11, 26, tzinfo=UTC)),
        ("WEEK", datetime(2026, 11, 29, tzinfo=UTC)),
        ("MONTH", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_quota_begins_anew_with_the_calendar(requests, patch, period, until):
    patch(quotas)

    assert requests(WEDNESDAY, period)
    assert not requests(until.timestamp() - 1, period)
    assert requests(until.timestamp(), period)


def test_a_drill_brings_the_next_day(requests, patch):
    cloud = patch(quotas)

    assert requests(WEDNESDAY)
    Clock.of(cloud.home).ahead = HOUR
    assert requests(WEDNESDAY)


def test_without_a_key_there_is_no_quota(patch):
    patch(quotas)

    assert apigateway_v1._check_quota(None, "api", "prod") is None
