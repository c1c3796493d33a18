"""Statements of AWS WAF rules, as predicates over a request.

Whatever else a rule may say is refused by its name, so that no rule half understood blocks what it
should not, or lets through what it should block.
https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

Statement = Mapping[str, Any]


class NotEvaluated(Exception):  # named for the fact
    """A part of a rule that is not evaluated here, by its name."""


@dataclass(frozen=True, kw_only=True)
class WebRequest:
    """Web request as a web ACL sees it.

    Args:
        headers: Every header in the order sent, its name in lower case; a name may be there often.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
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
    "LOWERCASE": str.lower,
    "URL_DECODE": unquote_plus,
}


def predicate(statement: Statement) -> Predicate:
    """Return the predicate of a statement.

    Raises:
        NotEvaluated: A part of it is of a kind that is not evaluated here.
    """
    [(kind, said)] = statement.items()
    if kind == "AndStatement":
        every = [predicate(each) for each in said["Statements"]]
        return lambda request: all(matches(request) for matches in every)
    if kind == "OrStatement":
        some = [predicate(each) for each in said["Statements"]]
        return lambda request: any(matches(request) for matches in some)
    if kind == "NotStatement":
        excluded = predicate(said["Statement"])
        return lambda request: not excluded(request)
    if kind == "ByteMatchStatement":
        return _byte_match(said)
    raise NotEvaluated(kind)


def within(statement: Statement) -> Predicate:
    """Return the predicate of a scope-down statement; without one, every request matches.

    Raises:
        NotEvaluated: A part of the scope-down statement is of a kind that is not evaluated here.
    """
    scope = statement.get("ScopeDownStatement")
    return predicate(scope) if scope else lambda request: True


def known(kinds: Mapping[str, Any], name: str) -> Any:
    """Look a name up.

    Raises:
        NotEvaluated: It is not known here.
    """
    if name not in kinds:
        raise NotEvaluated(name)
    return kinds[name]


def _byte_match(said: Statement) -> Predicate:
    text = said["SearchString"]
    sought = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    stands = known(_POSITIONS, said["PositionalConstraint"])
    ordered = sorted(said["TextTransformations"], key=lambda each: int(each["Priority"]))
    steps = [known(_TRANSFORMATIONS, each["Type"]) for each in ordered]
    read = _field(said["FieldToMatch"])

    def matches(request: WebRequest) -> bool:
        return any(
            stands(functools.reduce(lambda value, step: step(value), steps, sent), sought)
            for sent in read(request)
        )

    return matches


def _field(field: Statement) -> Callable[[WebRequest], list[str]]:
    [(kind, said)] = field.items()
    if kind == "SingleHeader":
        name = str(said["Name"]).lower()
        return lambda request: request.values(name)
    fields: dict[str, Callable[[WebRequest], list[str]]] = {
        "Method": lambda request: [request.method],
        "QueryString": lambda request: [request.query],
        "UriPath": lambda request: [request.path],
    }
    read: Callable[[WebRequest], list[str]] = known(fields, kind)
    return read
