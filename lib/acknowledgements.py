"""Exceptions to security rules: each sits on the construct it excuses, with its reason."""

import tomllib
from pathlib import Path
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

_EXCEPTIONS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def excuse(construct: IConstruct, exception: str, **facts: str) -> None:
    """Excuse `construct` as `acknowledgements.toml` says by a name; `facts` fill its braces."""
    for each in _EXCEPTIONS[exception]:
        rules = [rule.format(**facts) for rule in each["rules"]]
        acknowledge(construct, *rules, reason=each["reason"].format(**facts))


def acknowledge(construct: IConstruct, *rules: str, reason: str) -> None:
    """Excuse `construct`, and what is below it, from `rules`; a stack would excuse too much.

    The exception is recorded where every checker looks: as a CDK acknowledgement, which cdk-nag
    and CloudFormation Validate honour, and for checkov in the resource's own metadata. The rules
    are as the checkers print them, the reason is listed in `docs/security.md`.
    """
    for rule in rules:
        excused = Acknowledgment(id=f"{_tool(rule)}::{rule}", reason=reason)
        Validations.of(construct).acknowledge(excused)
    skipped = [{"id": rule, "comment": reason} for rule in rules if rule.startswith("CKV")]
    if skipped:
        resource: Any = construct.node.default_child or construct
        already = (resource.get_metadata("checkov") or {}).get("skip", [])
        resource.add_metadata("checkov", {"skip": [*already, *skipped]})


def excuse_cdk_function(scope: IConstruct, provider: str, *, task: str) -> None:
    """Excuse a function that the CDK adds to a stack for a resource that CloudFormation lacks.

    `provider` begins its id, such as `S3AutoDeleteObjects`; CloudFormation calls it for `task`.
    """
    function = Stack.of(scope).node.find_child(f"Custom::{provider}CustomResourceProvider")
    excuse(function.node.find_child("Handler"), "function-of-the-cdk", task=task)


def _tool(rule: str) -> str:
    if rule.startswith("CKV"):
        return "checkov"
    return rule.split("-", 1)[0] if "-" in rule else "CloudFormation-Validate"
