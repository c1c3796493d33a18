"""An approximation of three of AWS's managed rule groups, by the table `managed_rules.toml`.

AWS publishes what each rule looks for, not how. The names and limits are from its list; the
patterns are ours, kept narrow, so a request that passes here may be blocked on AWS and the other
way round. The IP reputation list is AWS's alone: no request is on it here.
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from localcloud.gateway.statements import INSPECTED, WebRequest

Rule = Callable[[WebRequest], bool]


def _rule(part: str, said: dict[str, Any]) -> Rule:
    """The rule on one part of a request, as the table says."""
    found = re.compile(said["pattern"]).search
    as_sent = said.get("as_sent")
    decoded, coding = (str, "latin-1") if as_sent else (unquote_plus, "utf-8")
    header = said.get("header")
    texts: dict[str, Callable[[WebRequest], list[str]]] = {
        "METHOD": lambda request: [request.method],
        "URIPATH": lambda request: [decoded(request.path)],
        "QUERYSTRING": lambda request: [request.query],
        "QUERYARGUMENTS": lambda request: [decoded(request.query)],
        "BODY": lambda request: [request.body[:INSPECTED].decode(coding, "replace")],
        "COOKIE": lambda request: ["; ".join(request.values("cookie"))],
        "HEADER": lambda request: (
            ["; ".join(request.values(header))] if header else [v for _, v in request.headers]
        ),
    }
    read = texts[part]
    return lambda request: any(found(text) for text in read(request))


GROUPS: dict[str, dict[str, Rule]] = {
    group: {f"{said['rule']}_{part}": _rule(part, said) for said in rules for part in said["parts"]}
    for group, rules in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text("utf-8")
    ).items()
} | {"AWSManagedRulesAmazonIpReputationList": {}}
