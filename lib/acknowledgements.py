"""Exceptions to security rules: each sits on the construct it excuses, with its reason."""

from typing import Any

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, *rules: str, reason: str) -> None:
    """Excuse `construct`, and what is below it, from `rules`.

    The exception is recorded where every checker looks: as a CDK acknowledgement, which cdk-nag
    and CloudFormation Validate honour, and for checkov in the resource's own metadata.

    Args:
        construct: The construct itself; a stack or an app would excuse too much.
        *rules: The rules as the checkers print them, `AwsSolutions-S1` or `CKV_AWS_18`.
        reason: Why the rule does not fit here, for the list in `docs/security.md`.
    """
    for rule in rules:
        Validations.of(construct).acknowledge(
            Acknowledgment(id=f"{_tool(rule)}::{rule}", reason=reason)
        )
    skipped = [{"id": rule, "comment": reason} for rule in rules if rule.startswith("CKV")]
    if skipped:
        resource: Any = construct.node.default_child or construct
        already = (resource.get_metadata("checkov") or {}).get("skip", [])
        resource.add_metadata("checkov", {"skip": [*already, *skipped]})


def _tool(rule: str) -> str:
    if rule.startswith("CKV"):
        return "checkov"
    return rule.split("-", 1)[0] if "-" in rule else "CloudFormation-Validate"
