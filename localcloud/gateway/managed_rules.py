"""An approximation of three of AWS's managed rule groups.

AWS publishes what each rule looks for, not how. The names and limits are from its list; the
patterns are ours, kept narrow, so a request that passes here may be blocked on AWS and the other
way round. The IP reputation list is AWS's alone: no request is on it here.
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
"""

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from localcloud.gateway.statements import INSPECTED, WebRequest

Rule = Callable[[WebRequest], bool]

_BODY_LIMIT = 8 * 1024  # the group's own

_TRAVERSAL = re.compile(r"(?:\.\./|\.\.\\){2,}|/etc/passwd|/proc/self/environ")
_REMOTE_FILE = re.compile(r"=(?:https?|ftps?)://\d{1,3}(?:\.\d{1,3}){3}")
_SCRIPT = re.compile(r"<script\b|javascript:|\bon(?:error|load|click|mouseover)\s*=", re.IGNORECASE)
_METADATA = re.compile(r"169\.254\.169\.254|\[?fd00:ec2::254\]?")
_RESTRICTED = re.compile(r"\.(?:log|ini|conf|bak|sql)$", re.IGNORECASE)
_LOG4J = re.compile(r"\$\{\s*(?:jndi|\$\{.*?:.*?\}).*?:", re.IGNORECASE | re.DOTALL)
_JAVA = re.compile(r"\bjava\.lang\.(?:Runtime|ProcessBuilder)\b|\brO0AB[A-Za-z0-9+/]")
_EXPLOITABLE = re.compile(r"/(?:web-inf|\.git/|\.env\b|wp-config|\.aws/credentials)", re.IGNORECASE)
_BAD_AGENT = re.compile(r"\b(?:nikto|sqlmap|nmap scripting engine|masscan)\b", re.IGNORECASE)


def _body(request: WebRequest) -> str:
    return request.body[:INSPECTED].decode("utf-8", "replace")


def _query(request: WebRequest) -> str:
    return unquote_plus(request.query)


def _cookie(request: WebRequest) -> str:
    return "; ".join(request.values("cookie"))


def _anywhere(pattern: re.Pattern[str]) -> dict[str, Rule]:
    """The same pattern in each part of a request, named as AWS names such rules."""
    return {
        "QUERYARGUMENTS": lambda request: bool(pattern.search(_query(request))),
        "URIPATH": lambda request: bool(pattern.search(unquote_plus(request.path))),
        "BODY": lambda request: bool(pattern.search(_body(request))),
        "COOKIE": lambda request: bool(pattern.search(_cookie(request))),
        "HEADER": lambda request: any(pattern.search(v) for _, v in request.headers),
    }


def _named(prefix: str, pattern: re.Pattern[str], *parts: str) -> dict[str, Rule]:
    everywhere = _anywhere(pattern)
    return {f"{prefix}_{part}": everywhere[part] for part in parts}


GROUPS: dict[str, dict[str, Rule]] = {
    "AWSManagedRulesCommonRuleSet": {
        "NoUserAgent_HEADER": lambda request: not any(request.values("user-agent")),
        "UserAgent_BadBots_HEADER": lambda request: any(
            _BAD_AGENT.search(value) for value in request.values("user-agent")
        ),
        "SizeRestrictions_QUERYSTRING": lambda request: len(request.query) > 2048,
        "SizeRestrictions_Cookie_HEADER": lambda request: len(_cookie(request)) > 10_240,
        "SizeRestrictions_BODY": lambda request: len(request.body) > _BODY_LIMIT,
        "SizeRestrictions_URIPATH": lambda request: len(request.path) > 1024,
        **_named("EC2MetaDataSSRF", _METADATA, "BODY", "COOKIE", "URIPATH", "QUERYARGUMENTS"),
        **_named("GenericLFI", _TRAVERSAL, "QUERYARGUMENTS", "URIPATH", "BODY"),
        "RestrictedExtensions_URIPATH": lambda request: bool(_RESTRICTED.search(request.path)),
        "RestrictedExtensions_QUERYARGUMENTS": lambda request: bool(
            _RESTRICTED.search(_query(request))
        ),
        **_named("GenericRFI", _REMOTE_FILE, "QUERYARGUMENTS", "BODY", "URIPATH"),
        **_named("CrossSiteScripting", _SCRIPT, "COOKIE", "QUERYARGUMENTS", "BODY", "URIPATH"),
    },
    "AWSManagedRulesKnownBadInputsRuleSet": {
        **_named("JavaDeserializationRCE", _JAVA, "BODY", "URIPATH", "QUERYARGUMENTS", "HEADER"),
        "PROPFIND_METHOD": lambda request: request.method == "PROPFIND",
        "ExploitablePaths_URIPATH": lambda request: bool(_EXPLOITABLE.search(request.path)),
        **_named("Log4JRCE", _LOG4J, "QUERYARGUMENTS", "BODY", "URIPATH", "HEADER"),
    },
    "AWSManagedRulesAmazonIpReputationList": {},
}
