"""CDK context values, validated: what `-c name=value` and `cdk.json` give to an app."""

import re
import tomllib
from pathlib import Path
from typing import Any

from constructs import Node

_SETTINGS = tomllib.loads(Path(__file__).with_name("settings.toml").read_text("utf-8"))


class SettingError(ValueError):
    """A setting that would fail at deployment, or be unsafe there. The message is one line."""


def choices(name: str) -> dict[str, int]:
    """Return what each of a setting's choices stands for, in `settings.toml`."""
    return dict(_SETTINGS[name]["choices"])


def choice(node: Node, name: str, *, default: str) -> str:
    """Return one of a setting's choices, given in any case; raise `SettingError` for another."""
    value = node.try_get_context(name)
    known = {each.lower(): each for each in _SETTINGS[name]["choices"]}
    if value is None or value == "":
        return default
    if str(value).lower() not in known:
        one_of = ", ".join(known.values())
        raise SettingError(f"{name}: {value!r} is not known: use one of {one_of}")
    return str(known[str(value).lower()])


def flag(node: Node, name: str, *, default: bool) -> bool:
    """Return whether a setting is on: `true` or `false`, as text or as JSON has it."""
    return choice(node, name, default=str(default).lower()) == "true"


def text(node: Node, name: str) -> str | None:
    """Return a text of the setting's form, None when omitted; raise `SettingError` for another."""
    value = node.try_get_context(name)
    return None if value is None or value == "" else _checked(name, value, [str(value)])[0]


def listed(node: Node, name: str) -> tuple[str, ...] | None:
    """Return the distinct texts of a list, given as one or separated by commas; None if omitted."""
    value = node.try_get_context(name)
    if value is None:
        return None
    texts = value if isinstance(value, list) else str(value).split(",")
    found = dict.fromkeys(str(text).strip() for text in texts if str(text).strip())
    return tuple(_checked(name, value, list(found)))


def _checked(name: str, value: Any, texts: list[str]) -> list[str]:
    rule = _SETTINGS[name]
    sound = all(re.fullmatch(rule["form"], each) for each in texts)
    if not sound or 0 < len(texts) < rule.get("least", 1):
        raise SettingError(f"{name}: {value!r} is not allowed: use {rule['use']}")
    return texts
