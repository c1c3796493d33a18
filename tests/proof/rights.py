"""What the templates grant to roles: one right for each action of each statement."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.ledger import entries

Json = dict[str, Any]
KINDS = ("TapStack", "PartnerApiStack", "EcommerceStack")
_HASH = re.compile(r"[0-9A-F]{8}$")
_LOGS = "Lambda writes a function's lines here without asking its role"
_NETWORK = "a function's network interface is a model here, and nobody is asked for it"


@dataclass(frozen=True, order=True)
class Right:
    """An action that a statement grants to a role.

    Attributes:
        stack: The kind of the stack.
        role: The logical name of the role, without the hash at its end.
        statement: The statement's Sid.
        action: The action.
        resource: The resources, by logical names.
    """

    stack: str
    role: str
    statement: str
    action: str
    resource: str

    @property
    def key(self) -> str:
        """What it is called in a progress file."""
        return " ".join((self.stack, self.role, self.statement, self.action))

    @property
    def recorded_only(self) -> str:
        """Why the embedded cloud cannot decide it; empty when it does."""
        service = self.action.partition(":")[0]
        traces = entries()["AWS::Lambda::Function"]["TracingConfig.Mode"].why
        return {"xray": traces, "logs": _LOGS, "ec2": _NETWORK}.get(service, "")


def granted(kind: str, template: Json) -> list[Right]:
    """The rights that a template's managed policies give its roles."""
    found = [
        Right(kind, plain(role), statement["Sid"], action, named(statement["Resource"]))
        for role, policy in _attached(template)
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    ]
    return sorted(found)


def roles(template: Json) -> dict[str, str]:
    """The logical id of each managed policy, by the logical id of its role."""
    return {
        role: policy["Ref"]
        for role, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"].get("ManagedPolicyArns", [])
        if "Ref" in policy
    }


# Of a role without a policy of the stack's own, by who takes it: why no right is tried.
UNTRIED = {
    "backup.amazonaws.com": "no backup is made here",
    "codedeploy.amazonaws.com": "nothing shifts while this is proven: see the drills of releases",
    "lambda.amazonaws.com": "the CDK's own functions: nobody is asked for what they do here",
    "monitoring.rds.amazonaws.com": "no operating system is watched here",
}


def untried(template: Json) -> set[str]:
    """Who takes the roles that the proof does not try."""
    return {
        trust["Principal"]["Service"]
        for role, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and role not in roles(template)
        for trust in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    }


def _attached(template: Json) -> Iterator[tuple[str, Json]]:
    for role, policy in roles(template).items():
        yield role, template["Resources"][policy]["Properties"]


def listed(value: Any) -> list[Any]:
    """One or several, as a list."""
    return value if isinstance(value, list) else [value]


def plain(logical_id: str) -> str:
    """A logical id without the hash that the CDK puts at its end."""
    return _HASH.sub("", logical_id)


def named(value: Any) -> str:
    """A template's value as a text with logical names."""
    if isinstance(value, list):
        return ", ".join(named(each) for each in value)
    if not isinstance(value, Mapping):
        return str(value)
    [(function, argument)] = value.items()
    if function == "Fn::Join":
        return "".join(named(each) for each in argument[1])
    return plain(argument if function == "Ref" else argument[0])
