"""CDK context values, validated: what `-c name=value` and `cdk.json` give to an app."""

import re
from collections.abc import Iterable
from typing import Any

from constructs import Node


class SettingError(ValueError):
    """A setting that would fail at deployment, or be unsafe there. The message is one line."""


def given(node: Node, name: str) -> Any:
    """Return the value as it was given; None when it was omitted or is empty."""
    value = node.try_get_context(name)
    return None if value == "" else value


def choice(node: Node, name: str, choices: Iterable[str], *, default: str) -> str:
    """Return one of `choices`, given in any case; raise `SettingError` if it is none of them."""
    value = given(node, name)
    known = {each.lower(): each for each in choices}
    if value is None:
        return default
    if str(value).lower() not in known:
        one_of = ", ".join(known.values())
        raise SettingError(f"{name}: {value!r} is not known: use one of {one_of}")
    return known[str(value).lower()]


def flag(node: Node, name: str, *, default: bool) -> bool:
    """Return whether a setting is on: `true` or `false`, as text or as JSON has it."""
    return choice(node, name, ("false", "true"), default=str(default).lower()) == "true"


def matching(node: Node, name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
    """Return a text of which `pattern`, in words `wanted`, is the form; None when omitted."""
    value = given(node, name)
    if value is None or pattern.fullmatch(str(value)):
        return None if value is None else str(value)
    raise SettingError(f"{name}: {value!r} is not allowed: use {wanted}")


def listed(node: Node, name: str) -> tuple[str, ...] | None:
    """Return the distinct texts of a list, given as one or separated by commas; None if omitted."""
    value = node.try_get_context(name)
    if value is None:
        return None
    texts = value if isinstance(value, list) else str(value).split(",")
    return tuple(dict.fromkeys(str(text).strip() for text in texts if str(text).strip()))
