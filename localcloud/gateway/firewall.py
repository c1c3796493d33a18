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
from typing import Any

from localcloud.gateway.rules import Judge, Verdict, Windows, action_of, judge_of
from localcloud.gateway.statements import NotEvaluated, WebRequest, only

# As many as AWS samples of a web ACL's requests in one call.
_SAMPLES = 100
# What tells how a web ACL is shown, or names it.
_DESCRIBED = ("ARN", "Capacity", "Description", "Id", "LabelNamespace", "LockToken", "Name")
_DESCRIBED_BY_API = ("ManagedByFirewallManager", "Scope", "Tags", "VisibilityConfig")


class Firewall:
    """One web ACL, as deployed.

    Attributes:
        not_evaluated: What this cannot judge, by rule: that rule has no effect here.
    """

    def __init__(self, web_acl: dict[str, Any]) -> None:
        self.name = str(web_acl.get("Name", ""))
        self._judges: list[Judge] = []
        self.windows: Windows = {}
        self.not_evaluated: dict[str, str] = {}
        default = web_acl.get("DefaultAction", {})
        try:
            only(web_acl, "DefaultAction", "Rules", *_DESCRIBED, *_DESCRIBED_BY_API)
            action_of(default, otherwise="ALLOW")
        except NotEvaluated as unknown:
            self.not_evaluated["Default_Action"] = str(unknown)
        for rule in sorted(web_acl.get("Rules", []), key=lambda rule: int(rule["Priority"])):
            try:
                self._judges.append(judge_of(rule, self.windows))
            except NotEvaluated as unknown:
                self.not_evaluated[rule["Name"]] = str(unknown)
        self._default = "BLOCK" if "Block" in default else "ALLOW"
        self.samples: deque[dict[str, Any]] = deque(maxlen=_SAMPLES)
        self.counts: dict[tuple[str, str], int] = defaultdict(int)

    def keep_counts_of(self, before: "Firewall") -> None:
        """Go on with the requests that the web ACL has counted before it was changed."""
        self.windows.update(before.windows)
        self.samples, self.counts = before.samples, before.counts

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
