"""AWS WAF web ACL, evaluated as deployed; the emulator only stores it.

Rate-based rules follow the deployed limit and window. The managed groups are AWS's own and not
public: `managed_rules.py` approximates them from AWS's descriptions. Rules are read in order of
priority; a rule that counts lets the request go on, one that blocks ends it:
https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rule-actions.html
A deployment is refused when a part of its web ACL is not evaluated here. One made through the API
leaves that rule out whole, and the status names it.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from localcloud.gateway.managed_rules import GROUPS
from localcloud.gateway.statements import NotEvaluated, WebRequest, known, only, predicate, within

# As many as AWS samples of a web ACL's requests in one call.
_SAMPLES = 100
_DEFAULT_WINDOW_SECONDS = 300
# What tells how a web ACL is shown, or names it.
_DESCRIBED = ("ARN", "Capacity", "Description", "Id", "LabelNamespace", "LockToken", "Name")
_DESCRIBED_BY_API = ("ManagedByFirewallManager", "Scope", "Tags", "VisibilityConfig")
_OF_RULES = ("Action", "Name", "OverrideAction", "Priority", "RuleLabels", "Statement")
_OF_GROUPS = ("ExcludedRules", "Name", "RuleActionOverrides", "ScopeDownStatement", "VendorName")
_OF_RATES = ("AggregateKeyType", "EvaluationWindowSec", "Limit", "ScopeDownStatement")
_ACTIONS = {"Allow": "ALLOW", "Block": "BLOCK", "Count": "COUNT"}


class Verdict(NamedTuple):
    """Action of a rule or the web ACL on a request, and the rule that decided it."""

    action: str
    rule: str


Judge = Callable[[WebRequest], Verdict | None]  # None where the rule does not match


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
    """One web ACL, as deployed.

    Attributes:
        not_evaluated: What this cannot judge, by rule: that rule has no effect here.
    """

    def __init__(self, web_acl: dict[str, Any]) -> None:
        self.name = str(web_acl.get("Name", ""))
        self._judges: list[Judge] = []
        self.not_evaluated: dict[str, str] = {}
        default = web_acl.get("DefaultAction", {})
        try:
            only(web_acl, "DefaultAction", "Rules", *_DESCRIBED, *_DESCRIBED_BY_API)
            _action(default, "ALLOW")
        except NotEvaluated as unknown:
            self.not_evaluated["Default_Action"] = str(unknown)
        for rule in sorted(web_acl.get("Rules", []), key=lambda rule: int(rule["Priority"])):
            try:
                self._judges.append(self._judge_of(rule))
            except NotEvaluated as unknown:
                self.not_evaluated[rule["Name"]] = str(unknown)
        self._default = "BLOCK" if "Block" in default else "ALLOW"
        self.windows: dict[tuple[str, int, float, str], Window] = {}
        self.samples: deque[dict[str, Any]] = deque(maxlen=_SAMPLES)
        self.counts: dict[tuple[str, str], int] = defaultdict(int)

    def keep_counts_of(self, before: "Firewall") -> None:
        """Go on with the requests that the same web ACL has counted so far."""
        if before.name == self.name:
            self.windows, self.samples = before.windows, before.samples
            self.counts = before.counts

    def report(self) -> dict[str, Any]:
        """Counts by rule and action, and the sampled requests, newest last."""
        counts = [
            {"rule": rule, "action": action, "count": count}
            for (rule, action), count in sorted(self.counts.items())
        ]
        return {"web_acl": self.name, "counts": counts, "samples": list(self.samples)}

    def judge(self, request: WebRequest) -> Verdict:
        """What becomes of a request: ALLOW or BLOCK, and by which rule."""
        for found in filter(None, (judge(request) for judge in self._judges)):
            self._note(request, found)
            if found.action != "COUNT":
                return found
        return Verdict(self._default, "Default_Action")

    def _note(self, request: WebRequest, found: Verdict) -> None:
        self.counts[(found.rule, found.action)] += 1
        shown = {name: getattr(request, name) for name in ("source_ip", "method", "path")}
        self.samples.append({"time": time.time(), **found._asdict(), **shown})

    def _judge_of(self, rule: dict[str, Any]) -> Judge:
        only(rule, "VisibilityConfig", *_OF_RULES)
        [(kind, said)] = rule["Statement"].items()
        if kind == "RateBasedStatement":
            return self._rate_rule(rule, said)
        if kind == "ManagedRuleGroupStatement":
            return _group_rule(rule, said)
        matches = predicate(rule["Statement"])
        found = Verdict(_action(rule.get("Action", {}), "BLOCK"), rule["Name"])
        return lambda request: found if matches(request) else None

    def _rate_rule(self, rule: dict[str, Any], statement: dict[str, Any]) -> Judge:
        only(statement, *_OF_RATES)
        seconds = float(statement.get("EvaluationWindowSec", _DEFAULT_WINDOW_SECONDS))
        limit = int(statement["Limit"])
        in_scope = within(statement)
        if statement["AggregateKeyType"] != "IP":
            raise NotEvaluated(f"AggregateKeyType {statement['AggregateKeyType']}")
        found = Verdict(_action(rule.get("Action", {}), "BLOCK"), rule["Name"])

        def judge(request: WebRequest) -> Verdict | None:
            if not in_scope(request):
                return None
            # As on AWS, a rule whose settings change begins to count anew.
            key = (rule["Name"], limit, seconds, request.source_ip)
            window = self.windows.setdefault(key, Window(seconds))
            return None if window.add(time.monotonic()) <= limit else found

        return judge


def _group_rule(rule: dict[str, Any], statement: dict[str, Any]) -> Judge:
    """The first rule of a managed group that ends the request, else the last that counts it."""
    only(statement, *_OF_GROUPS)
    if statement.get("VendorName", "AWS") != "AWS":
        raise NotEvaluated(f"{statement['VendorName']}:{statement['Name']}")
    group = known(GROUPS, statement["Name"])
    in_scope = within(statement)
    overrides = {
        override["Name"]: _action(override.get("ActionToUse", {}), "BLOCK")
        for override in statement.get("RuleActionOverrides", [])
    } | {excluded["Name"]: "COUNT" for excluded in statement.get("ExcludedRules", [])}
    for name in overrides:
        known(group, name)
    counts = "Count" in rule.get("OverrideAction", {})

    def judge(request: WebRequest) -> Verdict | None:
        counted = None
        for name, matches in group.items():
            if in_scope(request) and matches(request):
                action = "COUNT" if counts else overrides.get(name, "BLOCK")
                counted = Verdict(action, f"{statement['Name']}:{name}")
                if action != "COUNT":
                    break
        return counted

    return judge


def _action(named: dict[str, Any], otherwise: str) -> str:
    """The action of a rule; a CAPTCHA or a challenge needs a browser and AWS's own page."""
    if not named:
        return otherwise
    [(name, settings)] = named.items()
    action: str = known(_ACTIONS, name)
    only(settings or {})  # a response or headers of one's own
    return action
