"""What differs between environments, resolved and validated in one place.

Every setting is a CDK context value (`-c name=value` or `cdk.json`) with a safe default. Nothing
here asks AWS, the network or git, so synthesis gives the same bytes everywhere.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Node

_SUFFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?")
_RESERVED_BY_COGNITO = ("aws", "amazon", "cognito")
_THROWAWAY = re.compile(r"dev|local|pr-?[0-9]+")
_HOST = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
_ORIGIN = re.compile(rf"https://{_HOST}|http://(localhost|127\.0\.0\.1)(:[0-9]{{1,5}})?")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_REFUSED_IN_TAGS = re.compile(r"[^\w .:/=+@-]")
_LONGEST_TAG = 256
PARTNER_RATE = 1_000  # requests a second that any partner's key may make
_PARTNER_PLANS = {"small": 10_000, "standard": 1_000_000, "full": PARTNER_RATE * 86_400}
# The days that the names of `RetentionDays` stand for, in its order; INFINITE has none.
_UP_TO_EIGHTEEN_MONTHS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545)
_UP_TO_TEN_YEARS = (731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_DAYS = dict(zip(logs.RetentionDays, (*_UP_TO_EIGHTEEN_MONTHS, *_UP_TO_TEN_YEARS), strict=False))
_LOCAL_ORIGIN = "http://localhost:8080"


class SettingError(ValueError):
    """A setting that would fail at deployment, or be unsafe there. The message is one line."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The settings of one environment.

    Attributes:
        suffix: Ends every physical name; at most 16 characters, so that each fits its service's
            limit in the longest region name. From props, else context `environmentSuffix`, else
            the variable `ENVIRONMENT_SUFFIX`, else `dev`.
        allowed_origins: Browser origins that may call the API, from context `allowedOrigins`
            (a list, or separated by commas). When omitted: the local front door where data is
            thrown away, none where it is kept.
        deletion_protection: Whether kept data and its stack refuse to be deleted, from context
            `deletionProtection` (`true` or `false`); yes when omitted. To be switched off for
            a first deployment that may fail, and on purpose before the end.
        alarm_email: Who is told of alarms, from context `alarmEmail`. When omitted, nobody: the
            topic exists and can be subscribed to later.
        log_retention: How long logs are kept, in CloudWatch and in log buckets, from context
            `logRetention` (a name of `RetentionDays`, such as `SIX_MONTHS`). When omitted: a week
            where data is thrown away, a year where it is kept.
        requests_per_second: The API's steady rate, from context `apiRateLimit`. 100 when omitted.
        burst: Requests the API takes at once, from context `apiBurstLimit`. 200 when omitted.
        partner_daily_quota: Requests a partner's key may make in a day, by the plan in context
            `partnerPlan`: `small` (10,000), `standard` (1,000,000) or `full` (as many as its rate
            allows in a day). `small` when omitted.
        tags: The tags of every resource.
    """

    suffix: str
    allowed_origins: tuple[str, ...]
    deletion_protection: bool
    alarm_email: str | None
    log_retention: logs.RetentionDays
    requests_per_second: int
    burst: int
    partner_daily_quota: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps_data(self) -> bool:
        """Whether data outlives the stack: everywhere but in `dev`, `local` and `pr<number>`."""
        return _THROWAWAY.fullmatch(self.suffix) is None

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What happens to stateful resources when their stack goes.

        Kept ones go only when the deployment that made them fails: they hold nothing yet, and
        their names would be in the way of the next.
        """
        if self.keeps_data:
            return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return RemovalPolicy.DESTROY

    @property
    def protects_data(self) -> bool:
        """Whether data, and the stack that holds it, refuse to be deleted."""
        return self.keeps_data and self.deletion_protection

    @property
    def log_days(self) -> int | None:
        """How many days a log bucket keeps its logs; None for ever."""
        return _DAYS.get(self.log_retention)

    @classmethod
    def resolve(
        cls, node: Node, *, suffix: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> Environment:
        """Read the environment's settings from what `node` sees as context.

        Args:
            node: Any node of the app.
            suffix: The suffix that goes before all others; empty counts as omitted.
            environ: Where `ENVIRONMENT_SUFFIX`, `REPOSITORY` and `COMMIT_AUTHOR` come from.

        Raises:
            SettingError: A setting would fail at deployment or be unsafe.
        """
        given = suffix or node.try_get_context("environmentSuffix")
        chosen = _suffix(str(given or environ.get("ENVIRONMENT_SUFFIX") or "dev"))
        throwaway = _THROWAWAY.fullmatch(chosen) is not None
        return cls(
            suffix=chosen,
            allowed_origins=_origins(
                node.try_get_context("allowedOrigins"), (_LOCAL_ORIGIN,) if throwaway else ()
            ),
            deletion_protection=_flag(
                "deletionProtection", node.try_get_context("deletionProtection"), default=True
            ),
            alarm_email=_email(node.try_get_context("alarmEmail")),
            log_retention=_retention(
                node.try_get_context("logRetention"), "ONE_WEEK" if throwaway else "ONE_YEAR"
            ),
            requests_per_second=_limit("apiRateLimit", node.try_get_context("apiRateLimit"), 100),
            burst=_limit("apiBurstLimit", node.try_get_context("apiBurstLimit"), 200),
            partner_daily_quota=_quota(node.try_get_context("partnerPlan")),
            tags={
                "Environment": chosen,
                "Repository": _tag(environ.get("REPOSITORY")),
                "Author": _tag(environ.get("COMMIT_AUTHOR")),
            },
        )


def _suffix(given: str) -> str:
    if not _SUFFIX.fullmatch(given):
        raise SettingError(
            f"environment suffix {given!r} is not allowed: use 1 to 16 lower-case letters, digits "
            "and hyphens, beginning and ending with a letter or digit"
        )
    for word in _RESERVED_BY_COGNITO:
        if word in given:
            raise SettingError(
                f"environment suffix {given!r} is not allowed: it contains {word!r}, which Cognito "
                "refuses in a domain; use another suffix"
            )
    return given


def _origins(given: object, default: tuple[str, ...]) -> tuple[str, ...]:
    if given is None:
        return default
    listed = given if isinstance(given, list) else str(given).split(",")
    origins = tuple(dict.fromkeys(str(origin).strip() for origin in listed if origin != ""))
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"allowedOrigins: {origin!r} is not an origin that can be allowed: use "
                "https://host[:port] without path or wildcard (http for localhost only)"
            )
    return origins


def _email(given: object) -> str | None:
    if not given:
        return None
    if not _EMAIL.fullmatch(str(given)):
        raise SettingError(f"alarmEmail: {given!r} is not an e-mail address: use name@example.com")
    return str(given)


def _retention(given: object, default: str) -> logs.RetentionDays:
    try:
        return logs.RetentionDays[str(given or default)]
    except KeyError:
        names = ", ".join(days.name for days in logs.RetentionDays)
        raise SettingError(f"logRetention: {given!r} is not known: use one of {names}") from None


def _flag(name: str, given: object, *, default: bool) -> bool:
    if given is None:
        return default
    chosen = str(given).lower()
    if chosen not in ("false", "true"):
        raise SettingError(f"{name}: {given!r} is not known: use true or false")
    return chosen == "true"


def _limit(name: str, given: object, default: int) -> int:
    if given is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,4}", str(given)):
        raise SettingError(f"{name}: {given!r} is not allowed: use a whole number from 1 to 99999")
    return int(str(given))


def _quota(plan: object) -> int:
    if plan is None:
        return _PARTNER_PLANS["small"]
    if plan not in _PARTNER_PLANS:
        names = ", ".join(_PARTNER_PLANS)
        raise SettingError(f"partnerPlan: {plan!r} is not known: use one of {names}")
    return _PARTNER_PLANS[str(plan)]


def _tag(given: str | None) -> str:
    # AWS refuses other characters at deployment, and authors' names do have them: "x[bot] <x@y>".
    return _REFUSED_IN_TAGS.sub("_", given or "unknown")[:_LONGEST_TAG]
