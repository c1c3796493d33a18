"""Would AWS let them? A template's resource policies, evaluated as IAM does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a
statement counts when principal, action, resource and every condition match; a condition on a key
that the request does not carry does not match; a denial goes before every permission.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]

ACCOUNT, REGION = "111122223333", "us-east-1"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
# Where CloudFormation has a resource's policy, by the type that holds it.
_DOCUMENTS = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
}
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda given, wanted: given == wanted,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda given, wanted: given == wanted,
    "NumericLessThan": lambda given, wanted: float(given) < float(wanted),
}


@dataclass(frozen=True)
class Request:
    """What one AWS service asks of a resource, on whose behalf the context says."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


def listed(value: Any) -> list[Any]:
    """What a policy may write as one thing or as a list of things."""
    return value if isinstance(value, list) else [value]


def is_for_everyone(principal: Any) -> bool:
    """Whether a statement is about whoever asks."""
    return principal == "*" or (
        isinstance(principal, dict) and any("*" in listed(each) for each in principal.values())
    )


def resolved(value: Any) -> Any:
    """The value with its intrinsic functions replaced by what they could give in our account."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return _PSEUDO.get(value["Ref"]) or f"arn:aws:ref:{REGION}:{ACCOUNT}:{value['Ref']}"
    if set(value) == {"Fn::GetAtt"}:
        return f"arn:aws:attribute:{REGION}:{ACCOUNT}:{'.'.join(value['Fn::GetAtt'])}"
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return str(separator).join(resolved(parts))
    return {name: resolved(each) for name, each in value.items()}


def policies(template: Json) -> Iterator[tuple[str, list[Json]]]:
    """Each resource policy of a template: the logical id of its holder, and its statements."""
    for name, each in template["Resources"].items():
        document = each.get("Properties", {}).get(_DOCUMENTS.get(each["Type"], ""))
        if document:
            yield name, resolved(listed(document["Statement"]))


def admits(statements: Sequence[Json], request: Request) -> bool:
    """Whether the policy lets the request pass."""
    effects = {each["Effect"] for each in statements if _matches(each, request)}
    return effects == {"Allow"}


def satisfying(statement: Json) -> dict[str, str]:
    """A context that fulfils the statement's conditions; without wildcards, as requests have it."""
    return {
        key: str(listed(values)[0]).replace("*", "any")
        for conditions in statement.get("Condition", {}).values()
        for key, values in conditions.items()
    }


def _matches(statement: Json, request: Request) -> bool:
    principal = statement["Principal"]
    everyone = is_for_everyone(principal)
    services = [] if everyone else listed(principal.get("Service", []))
    return (
        (everyone or request.service in services)
        and any(
            fnmatchcase(request.action.lower(), each.lower())
            for each in listed(statement["Action"])
        )
        and any(fnmatchcase(request.resource, each) for each in listed(statement["Resource"]))
        and all(
            _holds(operator, key, listed(values), request.context)
            for operator, conditions in statement.get("Condition", {}).items()
            for key, values in conditions.items()
        )
    )


def _holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    given = {name.lower(): value for name, value in context.items()}.get(key.lower())
    return given is not None and any(_TESTS[operator](given, str(each)) for each in values)
