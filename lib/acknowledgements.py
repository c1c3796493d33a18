"""Exceptions to security rules: each sits on the construct it excuses, with its reason."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


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


def hipaa_nist(rule: str) -> tuple[str, str]:
    """Return a rule that the HIPAA and NIST packs of cdk-nag share, as they print it."""
    return f"HIPAA.Security-{rule}", f"NIST.800.53.R5-{rule}"


def hipaa_nist_pci(rule: str) -> tuple[str, str, str]:
    """Return a rule that the HIPAA, NIST and PCI packs of cdk-nag share, as they print it."""
    return (*hipaa_nist(rule), f"PCI.DSS.321-{rule}")


def acknowledge_cdk_function(scope: IConstruct, provider: str, *, task: str) -> None:
    """Excuse a function that the CDK adds to a stack for a resource that CloudFormation lacks.

    `provider` begins its id, such as `S3AutoDeleteObjects`; CloudFormation calls it for `task`.
    """
    stack = Stack.of(scope)
    function = stack.node.find_child(f"Custom::{provider}CustomResourceProvider")
    reason = f"The CDK's own function: CloudFormation calls it {task}, and waits for its answer."
    handler = function.node.find_child("Handler")
    acknowledge(handler, "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", reason=reason)


def _tool(rule: str) -> str:
    if rule.startswith("CKV"):
        return "checkov"
    return rule.split("-", 1)[0] if "-" in rule else "CloudFormation-Validate"
