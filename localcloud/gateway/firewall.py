"""Evaluates a deployed web ACL, which the emulator stores without evaluating.

Rate-based rules follow the deployed limit and window. The managed groups are AWS's own and not
public: `managed_rules.py` approximates them from AWS's descriptions. Rules are read in order of
priority; a rule that counts lets the request go on, one that blocks ends it:
https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rule-actions.html
"""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from localcloud.gateway.managed_rules import GROUPS

# As many as AWS samples of a web ACL's requests in one call.
_SAMPLES = 100
_DEFAULT_WINDOW_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class WebRequest:
    """What a web ACL looks at."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    source_ip: str

    @property
    def decoded_query(self) -> str:
        """The query string with its escapes resolved."""
        return unquote_plus(self.query)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the web ACL did with a request, and by which rule."""

    action: str
    rule: str


@dataclass
class Window:
    """The requests of one client within the last `seconds`."""

    seconds: float
    times: deque[float] = field(default_factory=deque)

    def add(self, now: float) -> int:
        """Count a request at the time `now` (seconds); how many there are in the window."""
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        self.times.append(now)
        return len(self.times)


class Firewall:
    """One web ACL, as deployed."""

    def __init__(self, web_acl: dict[str, Any]) -> None:
        self.name = str(web_acl["Name"])
        self._rules = sorted(web_acl.get("Rules", []), key=lambda rule: int(rule["Priority"]))
        self._default = "BLOCK" if "Block" in web_acl.get("DefaultAction", {}) else "ALLOW"
        self._windows: dict[tuple[str, str], Window] = {}
        self.samples: deque[dict[str, Any]] = deque(maxlen=_SAMPLES)
        self.counts: dict[tuple[str, str], int] = defaultdict(int)

    def keep_counts_of(self, before: "Firewall") -> None:
        """Go on with the requests that the same web ACL has counted so far."""
        if before.name == self.name:
            self._windows, self.samples, self.counts = (
                before._windows,  # pylint: disable=protected-access  # another of this class
                before.samples,
                before.counts,
            )

    def report(self) -> dict[str, Any]:
        """Counts by rule and action, and the sampled requests, newest last."""
        counts = [
            {"rule": rule, "action": action, "count": count}
            for (rule, action), count in sorted(self.counts.items())
        ]
        return {"web_acl": self.name, "counts": counts, "samples": list(self.samples)}

    def judge(self, request: WebRequest) -> Verdict:
        """What becomes of a request: ALLOW or BLOCK, and by which rule."""
        for rule in self._rules:
            found = self._matches(rule, request)
            if found is None:
                continue
            action, name = found
            self._note(request, action, name)
            if action != "COUNT":
                return Verdict(action=action, rule=name)
        return Verdict(action=self._default, rule="Default_Action")

    def _note(self, request: WebRequest, action: str, rule: str) -> None:
        self.counts[(rule, action)] += 1
        self.samples.append(
            {
                "time": time.time(),
                "action": action,
                "rule": rule,
                "source_ip": request.source_ip,
                "method": request.method,
                "path": request.path,
            }
        )

    def _matches(self, rule: dict[str, Any], request: WebRequest) -> tuple[str, str] | None:
        statement = rule["Statement"]
        if "RateBasedStatement" in statement:
            return self._over_rate(rule, statement["RateBasedStatement"], request)
        if "ManagedRuleGroupStatement" in statement:
            return _in_group(rule, statement["ManagedRuleGroupStatement"], request)
        return None

    def _over_rate(
        self, rule: dict[str, Any], statement: dict[str, Any], request: WebRequest
    ) -> tuple[str, str] | None:
        seconds = float(statement.get("EvaluationWindowSec", _DEFAULT_WINDOW_SECONDS))
        key = (rule["Name"], request.source_ip)
        window = self._windows.setdefault(key, Window(seconds))
        if window.add(time.monotonic()) <= int(statement["Limit"]):
            return None
        return _action(rule.get("Action", {}), "BLOCK"), rule["Name"]


def _in_group(
    rule: dict[str, Any], statement: dict[str, Any], request: WebRequest
) -> tuple[str, str] | None:
    """The first rule of a managed group that ends the request, else the last that counts it."""
    overrides = {
        override["Name"]: _action(override.get("ActionToUse", {}), "BLOCK")
        for override in statement.get("RuleActionOverrides", [])
    } | {excluded["Name"]: "COUNT" for excluded in statement.get("ExcludedRules", [])}
    counted = None
    for name, matches in GROUPS.get(statement["Name"], {}).items():
        if not matches(request):
            continue
        action = overrides.get(name, "BLOCK")
        if "Count" in rule.get("OverrideAction", {}):
            action = "COUNT"
        found = (action, f"{statement['Name']}:{name}")
        if action != "COUNT":
            return found
        counted = found
    return counted


def _action(named: dict[str, Any], otherwise: str) -> str:
    return next(iter(named), otherwise).upper()
