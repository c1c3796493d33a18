"""Rules of an AWS WAF web ACL: what one makes of a request.

https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from localcloud.gateway.managed_rules import GROUPS
from localcloud.gateway.statements import NotEvaluated, WebRequest, known, only, predicate, within

_DEFAULT_WINDOW_SECONDS = 300
_OF_RULES = ("Action", "Name", "OverrideAction", "Priority", "RuleLabels", "Statement")
_OF_GROUPS = ("ExcludedRules", "Name", "RuleActionOverrides", "ScopeDownStatement", "VendorName")
_OF_RATES = ("AggregateKeyType", "EvaluationWindowSec", "Limit", "ScopeDownStatement")
_ACTIONS = {"Allow": "ALLOW", "Block": "BLOCK", "Count": "COUNT"}


class Verdict(NamedTuple):
    """Action of a rule or the web ACL on a request, and the rule that decided it."""

    action: str
    rule: str


Judge = Callable[[WebRequest], Verdict | None]  # None where the rule does not match


# The times of the requests counted, by rule, limit, length in seconds, and client.
Windows = dict[tuple[str, int, float, str], deque[float]]


def judge_of(rule: dict[str, Any], windows: Windows) -> Judge:
    """The judge of one rule; raise NotEvaluated for what is not evaluated here."""
    only(rule, "VisibilityConfig", *_OF_RULES)
    [(kind, said)] = rule["Statement"].items()
    if kind == "RateBasedStatement":
        return _rate_rule(rule, said, windows)
    if kind == "ManagedRuleGroupStatement":
        return _group_rule(rule, said)
    matches = predicate(rule["Statement"])
    found = Verdict(action_of(rule.get("Action", {})), rule["Name"])
    return lambda request: found if matches(request) else None


def _rate_rule(rule: dict[str, Any], statement: dict[str, Any], windows: Windows) -> Judge:
    only(statement, *_OF_RATES)
    seconds = float(statement.get("EvaluationWindowSec", _DEFAULT_WINDOW_SECONDS))
    limit = int(statement["Limit"])
    in_scope = within(statement)
    if statement["AggregateKeyType"] != "IP":
        raise NotEvaluated(f"AggregateKeyType {statement['AggregateKeyType']}")
    found = Verdict(action_of(rule.get("Action", {})), rule["Name"])

    def judge(request: WebRequest) -> Verdict | None:
        if not in_scope(request):
            return None
        # As on AWS, a rule whose settings change begins to count anew.
        key = (rule["Name"], limit, seconds, request.source_ip)
        times, now = windows.setdefault(key, deque()), time.monotonic()
        while times and times[0] <= now - seconds:
            times.popleft()
        times.append(now)
        return None if len(times) <= limit else found

    return judge


def _group_rule(rule: dict[str, Any], statement: dict[str, Any]) -> Judge:
    """The first rule of a managed group that ends the request, else the last that counts it."""
    only(statement, *_OF_GROUPS)
    if statement.get("VendorName", "AWS") != "AWS":
        raise NotEvaluated(f"{statement['VendorName']}:{statement['Name']}")
    group = known(GROUPS, statement["Name"])
    in_scope = within(statement)
    overrides = {
        override["Name"]: action_of(override.get("ActionToUse", {}))
        for override in statement.get("RuleActionOverrides", [])
    } | {excluded["Name"]: "COUNT" for excluded in statement.get("ExcludedRules", [])}
    for name in overrides:
        known(group, name)
    counts = "Count" in rule.get("OverrideAction", {})

    def judge(request: WebRequest) -> Verdict | None:
        counted = None
        for name, matches in group.items():
            if in_scope(request) and matches(request):
                becomes = "COUNT" if counts else overrides.get(name, "BLOCK")
                counted = Verdict(becomes, f"{statement['Name']}:{name}")
                if becomes != "COUNT":
                    break
        return counted

    return judge


def action_of(named: dict[str, Any], otherwise: str = "BLOCK") -> str:
    """The action of a rule; a CAPTCHA or a challenge needs a browser and AWS's own page."""
    if not named:
        return otherwise
    [(name, settings)] = named.items()
    only(settings or {})  # a response or headers of one's own
    return str(known(_ACTIONS, name))
