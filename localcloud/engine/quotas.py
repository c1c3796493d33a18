"""Quotas of usage plans, which begin anew with the calendar.

Changes: A quota by day, week or month begins anew at midnight UTC, on Sunday or on the first, by
    the clock of the embedded cloud.
Original: It begins anew a day, a week or a month after the first request.
AWS:
    https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
Checked: ministack 1.5.32, 1.5.33.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.services import apigateway_v1

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.metrics.clock import Clock, ClockedTime


def install(cloud: Cloud) -> None:
    """Let quotas begin anew with the calendar.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    clock = Clock.of(cloud.home)
    check, used = need(apigateway_v1, "_check_quota"), need(apigateway_v1, "_quota_state")
    plans = need(apigateway_v1, "_usage_plans")

    def check_quota(key: dict[str, Any] | None, *stage: str) -> Any:
        for (plan, owner), (_, since) in list(used.items()):
            quota = (plans.get(plan) or {}).get("quota") or {}
            began = _began(quota.get("period", "DAY"), clock.now())
            if key and owner == key["id"] and since < began:
                del used[(plan, owner)]
        return check(key, *stage)

    replace(apigateway_v1, "time", ClockedTime(clock))
    replace(apigateway_v1, "_check_quota", check_quota)


def _began(period: str, now: float) -> float:
    """When the period of a quota that `now` is in began, both in seconds since 1970."""
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    back = {"DAY": 0, "WEEK": midnight.isoweekday() % 7, "MONTH": midnight.day - 1}
    return (midnight - timedelta(days=back[period])).timestamp()
