"""Verdicts on what is deployed, where its properties alone do not tell."""

from typing import Any

from localcloud.gateway.firewall import Firewall
from localcloud.ledger import Fidelity, Verdict
from localcloud.metrics.expressions import statistics
from localcloud.metrics.published import is_published


def of_web_acl(web_acl: dict[str, Any]) -> Fidelity:
    """The verdict on one web ACL, as the API describes it: recorded if a part has no effect."""
    if str(web_acl.get("ARN", "")).partition(":global/")[1]:
        return Fidelity(Verdict.RECORDED, "the CDN here asks no web ACL")
    unknown = Firewall(web_acl).not_evaluated
    if unknown:
        named = ", ".join(f"{part} of rule {rule}" for rule, part in unknown.items())
        return Fidelity(Verdict.RECORDED, f"not evaluated here: {named}; its other rules are")
    return Fidelity(Verdict.ENFORCED, "")


def of_alarm(alarm: dict[str, Any]) -> Fidelity:
    """The verdict on one alarm, as the API describes it: recorded if nothing can make it ring."""
    for each in statistics(alarm).values():
        if not is_published(metric := each["Metric"]):
            named = f"{metric.get('Namespace', '')} {metric.get('MetricName', '')}"
            return Fidelity(Verdict.RECORDED, f"{named} is not published here: it never rings")
    return Fidelity(Verdict.ENFORCED, "")
