"""Settings that all stacks of an environment share.

Every setting is a CDK context value (`-c name=value` or `cdk.json`) with a safe default. Nothing
here asks AWS, the network or git, so synthesis gives the same bytes everywhere.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import IConstruct, Node

from lib.context import SettingError, choice, choices, flag, listed, text

_SUFFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?")
_RESERVED_BY_COGNITO = re.compile("aws|amazon|cognito")
_THROWAWAY = re.compile(r"dev|local|pr-?[0-9]+")
_REFUSED_IN_TAGS = re.compile(r"[^\w .:/=+@-]")
_SCALES = tomllib.loads(Path(__file__).with_name("scale.toml").read_text("utf-8"))


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What an environment has for its price, from `scale.toml`, where no setting says otherwise."""

    nat: str  # as `natGateways`
    endpoint_zones: int  # where functions have an endpoint for secrets, if there is no NAT gateway
    database_instance: str
    standby: bool  # whether the database has a second zone
    backup_days: int  # of the database
    log_retention: str  # a name of `RetentionDays`
    release_shift: str  # as `releaseShift`
    availability_objective: str  # as `availabilityObjective`

    @classmethod
    def of(cls, suffix: str) -> Self:
        """Return the scale of an environment."""
        return cls(**_SCALES["thrown_away" if _THROWAWAY.fullmatch(suffix) else "kept"])


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The settings of one environment.

    Attributes:
        suffix: Ends every physical name; at most 16 characters, so that each fits its service's
            limit in the longest region name. From props, else context `environmentSuffix`, else
            the variable `ENVIRONMENT_SUFFIX`, else `dev`.
        allowed_origins: Browser origins that may call the API, from `allowedOrigins` (a list, or
            separated by commas). When omitted: the local front door where data is thrown away,
            none where it is kept.
        deletion_protection: Whether kept data and its stack refuse to be deleted, from
            `deletionProtection` (`true` or `false`); yes when omitted. To be switched off for a
            first deployment that may fail, and on purpose before the end.
        alarm_email: Who is told of alarms, from `alarmEmail`. When omitted, nobody: the topic can
            be subscribed to later.
        log_retention: How long logs are kept, in CloudWatch and in log buckets, from `logRetention`
            (a name of `RetentionDays`, such as `SIX_MONTHS`); as `Scale` says when omitted.
        requests_per_second: The steady rate of each HTTP API, from `apiRateLimit`; 100 by default.
        burst: Requests each HTTP API takes at once, from `apiBurstLimit`; 200 by default.
        release_shift: How a release takes over, from `releaseShift`: one of CodeDeploy's ways for
            Lambda; as `Scale` says when omitted.
        availability_objective: The percent of requests that an API is not to answer with a server
            error, from `availabilityObjective`; as `Scale` says when omitted. None for no alarms
            on how fast what it leaves is used up.
        snap_start: Whether what requests call starts from a snapshot, from `snapStart`; no when
            omitted. It costs, and needs Python 3.12.
        tags: The tags of every resource.
    """

    suffix: str
    allowed_origins: tuple[str, ...]
    deletion_protection: bool
    alarm_email: str | None
    log_retention: logs.RetentionDays
    requests_per_second: int
    burst: int
    release_shift: str
    availability_objective: float | None
    snap_start: bool
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps_data(self) -> bool:
        """Whether data outlives the stack: everywhere but in `dev`, `local` and `pr<number>`."""
        return _THROWAWAY.fullmatch(self.suffix) is None

    @property
    def scale(self) -> Scale:
        """What it has for its price."""
        return Scale.of(self.suffix)

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What happens to stateful resources when their stack goes."""
        # Kept ones go only when the deployment that made them fails: they hold nothing yet, and
        # their names would be in the way of the next.
        kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return kept if self.keeps_data else RemovalPolicy.DESTROY

    @property
    def protects_data(self) -> bool:
        """Whether data, and the stack that holds it, refuse to be deleted."""
        return self.keeps_data and self.deletion_protection

    @property
    def publishes_versions(self) -> bool:
        """Whether functions serve published versions, or always what was deployed last."""
        return self.snap_start or self.release_shift != "AllAtOnce"

    @property
    def log_days(self) -> int | None:
        """How many days a log bucket keeps its logs; None for ever."""
        return choices("logRetention")[self.log_retention.name] or None

    def named(self, role: str) -> str:
        """Return the physical name of a role: `tap-store-api-dev` of `store-api`."""
        return f"tap-{role}-{self.suffix}"

    @staticmethod
    def of(scope: IConstruct) -> "Environment":
        """Return the environment of the product's stack that `scope` is in."""
        stack: Any = Stack.of(scope)
        environment: Environment = stack.shared
        return environment

    @classmethod
    def resolve(
        cls, node: Node, *, suffix: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> Self:
        """Read the environment's settings from what `node` sees as context.

        A given `suffix` goes before all others; empty counts as omitted. `ENVIRONMENT_SUFFIX`,
        `REPOSITORY` and `COMMIT_AUTHOR` come from `environ`. Raises `SettingError` for a setting
        that would fail at deployment or be unsafe.
        """
        context = suffix or node.try_get_context("environmentSuffix")
        chosen = valid_suffix(str(context or environ.get("ENVIRONMENT_SUFFIX") or "dev"))
        throwaway = _THROWAWAY.fullmatch(chosen) is not None
        scale = Scale.of(chosen)
        retention = choice(node, "logRetention", default=scale.log_retention)
        snap_start = flag(node, "snapStart", default=False)
        if snap_start and sys.version_info < (3, 12):
            raise SettingError("snapStart: Lambda has it from Python 3.12 on; use that Python")
        objective = text(node, "availabilityObjective") or scale.availability_objective
        origins = listed(node, "allowedOrigins")
        if origins is None:
            origins = ("http://localhost:8080",) if throwaway else ()
        return cls(
            suffix=chosen,
            allowed_origins=origins,
            deletion_protection=flag(node, "deletionProtection", default=True),
            alarm_email=text(node, "alarmEmail"),
            log_retention=logs.RetentionDays[retention],
            requests_per_second=int(text(node, "apiRateLimit") or 100),
            burst=int(text(node, "apiBurstLimit") or 200),
            release_shift=choice(node, "releaseShift", default=scale.release_shift),
            availability_objective=None if objective == "none" else float(objective),
            snap_start=snap_start,
            tags={
                "Environment": chosen,
                "Repository": _tag(environ.get("REPOSITORY")),
                "Author": _tag(environ.get("COMMIT_AUTHOR")),
            },
        )


def valid_suffix(given: str) -> str:
    """Return a suffix that names may end with; raise `SettingError` for any other."""
    if not _SUFFIX.fullmatch(given):
        form = "lower-case letters, digits and hyphens, beginning and ending with a letter or digit"
        remedy = f"use 1 to 16 {form}"
    elif word := _RESERVED_BY_COGNITO.search(given):
        remedy = f"it contains {word[0]!r}, which Cognito refuses in a domain; use another suffix"
    else:
        return given
    raise SettingError(f"environment suffix {given!r} is not allowed: {remedy}")


def _tag(given: str | None) -> str:
    # AWS refuses other characters at deployment, and authors' names do have them: "x[bot] <x@y>".
    return _REFUSED_IN_TAGS.sub("_", given or "unknown")[:256]
