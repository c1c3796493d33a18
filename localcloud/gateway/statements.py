"""Statements of AWS WAF rules, as predicates over a request.

Whatever else a rule may say is refused by its name, so that no rule half understood blocks what it
should not, or lets through what it should block. Texts are bytes, one character each.
https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html
https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html
https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-fields-list.html
"""

import base64
import functools
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

Statement = Mapping[str, Any]

# AWS WAF forwards as much of a body that is sent to API Gateway or CloudFront.
INSPECTED = 16 * 1024


class NotEvaluated(Exception):  # named for the fact
    """A part of a rule that is not evaluated here, by its name; raised as the rule is read."""


@dataclass(frozen=True, kw_only=True)
class WebRequest:
    """Web request as a web ACL sees it."""

    method: str
    path: str  # as it was sent, still URL-encoded; so is the query
    query: str
    headers: tuple[tuple[str, str], ...]  # in the order sent, their names in lower case
    body: bytes
    source_ip: str

    def values(self, name: str) -> list[str]:
        """Each value of a header."""
        return [value for found, value in self.headers if found == name]


Predicate = Callable[[WebRequest], bool]

_POSITIONS: dict[str, Callable[[str, str], bool]] = {
    "EXACTLY": lambda text, sought: text == sought,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": lambda text, sought: sought in text,
}
_TRANSFORMATIONS: dict[str, Callable[[str], str]] = {
    "NONE": lambda text: text,
    "LOWERCASE": lambda text: text.encode("latin-1").lower().decode("latin-1"),  # A to Z alone
    "URL_DECODE": functools.partial(unquote_plus, encoding="latin-1"),
}


_COMBINED: dict[str, Callable[[Iterable[bool]], bool]] = {"AndStatement": all, "OrStatement": any}


def predicate(statement: Statement) -> Predicate:
    """Return the predicate of a statement."""
    [(kind, said)] = statement.items()
    if kind in _COMBINED:
        combine, parts = _COMBINED[kind], [predicate(each) for each in said["Statements"]]
        return lambda request: combine(matches(request) for matches in parts)
    if kind == "NotStatement":
        excluded = predicate(said["Statement"])
        return lambda request: not excluded(request)
    inspect: Callable[[Statement], Predicate] = known(_INSPECTIONS, kind)
    return inspect(said)


def within(statement: Statement) -> Predicate:
    """Return the predicate of a scope-down statement; without one, every request matches."""
    scope = statement.get("ScopeDownStatement")
    return predicate(scope) if scope else lambda request: True


def known(kinds: Mapping[str, Any], name: str) -> Any:
    """Look a name up that may not be evaluated here."""
    if name not in kinds:
        raise NotEvaluated(name)
    return kinds[name]


def only(said: Statement, *evaluated: str) -> None:
    """Raise NotEvaluated where a part of a rule has another setting than these."""
    for name in set(said) - set(evaluated):
        raise NotEvaluated(name)


def _byte_match(said: Statement) -> Predicate:
    text = said["SearchString"]  # decoded by a client, or in base64 as it was sent
    sought = (text if isinstance(text, bytes) else base64.b64decode(text)).decode("latin-1")
    stands = known(_POSITIONS, said["PositionalConstraint"])
    settings = ("SearchString", "PositionalConstraint")
    return _inspected(said, lambda sent: stands(sent, sought), *settings)


def _regex_match(said: Statement) -> Predicate:
    try:
        pattern = re.compile(said["RegexString"], re.ASCII)
    except re.error as error:
        raise NotEvaluated(f"RegexString {said['RegexString']}") from error
    return _inspected(said, lambda sent: pattern.search(sent) is not None, "RegexString")


def _size(said: Statement) -> Predicate:
    compares, size = getattr(operator, said["ComparisonOperator"].lower()), int(said["Size"])
    return _inspected(said, lambda sent: compares(len(sent), size), "ComparisonOperator", "Size")


_INSPECTIONS = {
    "ByteMatchStatement": _byte_match,
    "RegexMatchStatement": _regex_match,
    "SizeConstraintStatement": _size,
}


def _inspected(said: Statement, matches: Callable[[str], bool], *settings: str) -> Predicate:
    """Whether any text of the field matches, once it is transformed."""
    only(said, "FieldToMatch", "TextTransformations", *settings)
    ordered = sorted(said["TextTransformations"], key=lambda each: int(each["Priority"]))
    steps = [known(_TRANSFORMATIONS, each["Type"]) for each in ordered]
    read = _field(said["FieldToMatch"])
    return lambda request: any(
        matches(functools.reduce(lambda value, step: step(value), steps, sent))
        for sent in read(request)
    )


def _field(field: Statement) -> Callable[[WebRequest], list[str]]:
    [(kind, said)] = field.items()
    if said.get("OversizeHandling", "CONTINUE") != "CONTINUE":
        raise NotEvaluated(f"OversizeHandling {said['OversizeHandling']}")
    name = str(said.get("Name", "")).lower()
    fields: dict[str, Callable[[WebRequest], list[str]]] = {
        "Body": lambda request: [request.body[:INSPECTED].decode("latin-1")],
        "Method": lambda request: [request.method],
        "QueryString": lambda request: [request.query],
        "SingleHeader": lambda request: request.values(name),
        "UriPath": lambda request: [request.path],
    }
    read: Callable[[WebRequest], list[str]] = known(fields, kind)
    return read
