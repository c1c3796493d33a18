"""What the templates let AWS's services do: policies of buckets, keys and topics, and permissions.

One is taken away through the resource's own API, and put back whatever happens: what is there is
noted before, and a proof that ended suddenly is made good by the next.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proof.decisions import Decision
from tests.proof.rights import Json, listed, named, plain

# Of each type of policy the member that is its document, and the one that names whose it is.
POLICIES = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", ""),
    "AWS::KMS::Key": ("KeyPolicy", ""),
}
_RECORDED = {
    "logging.s3.amazonaws.com": "S3 delivers no access logs here",
    "delivery.logs.amazonaws.com": "CloudWatch delivers no logs to buckets here",
    "ErrorLogsOfApiGateway": "API Gateway makes no log group of its own here",
}


@dataclass(frozen=True, order=True)
class Consent:
    """A statement that lets a service act on a resource.

    Attributes:
        stack: The kind of the stack.
        resource: The logical id of the bucket, key, topic or function.
        statement: The statement's Sid, or what a permission is for.
        service: The service principal.
        actions: The actions.
        made_by: The logical id of what made the policy, or the permission.
        place: The statement's place in its policy; -1 for a permission.
    """

    stack: str
    resource: str
    statement: str
    service: str
    actions: tuple[str, ...]
    made_by: str
    place: int = -1

    @property
    def key(self) -> str:
        """What it is called in a progress file."""
        return " ".join(
            (self.stack, plain(self.resource), self.service, self.statement, *self.actions)
        )

    @property
    def recorded_only(self) -> str:
        """Why the embedded cloud does not ask for it; empty when it does."""
        return _RECORDED.get(self.service) or _RECORDED.get(self.statement, "")

    def answers(self, decision: Decision, region: str, *, allowed: bool) -> bool:
        """Whether a decision is about what it lets the service do."""
        service = self.service.replace("AWS::Region", region)
        asked = (decision.principal, decision.allowed, decision.by)
        return asked == (service, allowed, "resource") and decision.action in self.actions


def given(kind: str, template: Json, suffix: str) -> list[Consent]:
    """The consents that a template gives to services."""
    found: list[Consent] = []
    for logical_id, resource in template["Resources"].items():
        made = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            caller = named(made.get("SourceArn", "")).partition("/")[2] or "a rotation"
            function, actions = id_of(made["FunctionName"]), (made["Action"],)
            found.append(Consent(kind, function, caller, made["Principal"], actions, logical_id))
        elif resource["Type"] in POLICIES:
            document, owner = POLICIES[resource["Type"]]
            target = id_of(listed(made[owner])[0]) if owner else logical_id
            found += [
                Consent(kind, target, *asked, logical_id, place)
                for place, statement in enumerate(made[document]["Statement"])
                if (asked := _asked(statement, suffix))
            ]
    return sorted(found)


def _asked(statement: Json, suffix: str) -> tuple[str, str, tuple[str, ...]] | None:
    """Sid, service and actions of a statement that lets a service do something."""
    principal = statement.get("Principal", {})  # none in a role's policy
    if statement["Effect"] != "Allow" or "Service" not in principal:
        return None
    sid = statement.get("Sid", "without a Sid").removesuffix(suffix.title())
    return sid, named(principal["Service"]), tuple(listed(statement["Action"]))


class Consents:
    """The policies of the deployed resources.

    Args:
        clients: Gives the operator's client of a service.
        note: The file where what is taken away is noted.
    """

    def __init__(self, clients: Any, note: Path) -> None:
        self._clients, self._note = clients, note

    def put_back(self) -> None:
        """Put back what was taken away, if anything is."""
        if self._note.exists():
            kind, name, before = json.loads(self._note.read_text("utf-8"))
            self._set(kind, name, before)
            self._note.unlink()

    @contextmanager
    def without(self, consent: Consent, kind: str, name: str, sid: str) -> Iterator[None]:
        """Let a resource of this kind and name not consent, until the block ends."""
        before = self._get(kind, name, sid)
        self._note.write_text(json.dumps([kind, name, before]), "utf-8")
        try:
            if kind == "AWS::Lambda::Permission":
                self._clients("lambda").remove_permission(**_function(name), StatementId=sid)
            else:
                kept = [s for n, s in enumerate(before["Statement"]) if n != consent.place]
                self._set(kind, name, {**before, "Statement": kept})
            yield
        finally:
            self.put_back()

    def _get(self, kind: str, name: str, sid: str) -> Json:
        if kind == "AWS::Lambda::Permission":
            policy = json.loads(self._clients("lambda").get_policy(**_function(name))["Policy"])
            [found] = [each for each in policy["Statement"] if each["Sid"] == sid]
            return dict(found)
        if kind == "AWS::S3::BucketPolicy":
            text = self._clients("s3").get_bucket_policy(Bucket=name)["Policy"]
        elif kind == "AWS::KMS::Key":
            text = self._clients("kms").get_key_policy(KeyId=name, PolicyName="default")["Policy"]
        else:
            text = self._clients("sns").get_topic_attributes(TopicArn=name)["Attributes"]["Policy"]
        return dict(json.loads(text))

    def _set(self, kind: str, name: str, policy: Json) -> None:
        text = json.dumps(policy)
        if kind == "AWS::Lambda::Permission":
            source = policy["Condition"].get("ArnLike", {}).get("AWS:SourceArn")
            account = policy["Condition"].get("StringEquals", {}).get("AWS:SourceAccount")
            limits = {"SourceArn": source, "SourceAccount": account}
            self._clients("lambda").add_permission(
                **_function(name),
                StatementId=policy["Sid"],
                Action=policy["Action"],
                Principal=policy["Principal"]["Service"],
                **{limit: value for limit, value in limits.items() if value},
            )
        elif kind == "AWS::S3::BucketPolicy":
            self._clients("s3").put_bucket_policy(Bucket=name, Policy=text)
        elif kind == "AWS::KMS::Key":
            self._clients("kms").put_key_policy(KeyId=name, PolicyName="default", Policy=text)
        else:
            self._clients("sns").set_topic_attributes(
                TopicArn=name, AttributeName="Policy", AttributeValue=text
            )


def _function(name: str) -> dict[str, str]:
    """A function by its name, or its alias by the ARN."""
    arn, _, alias = name.rpartition(":")
    return {"FunctionName": arn, "Qualifier": alias} if arn else {"FunctionName": name}


def id_of(reference: Json) -> str:
    """The logical id that a reference is to."""
    [(_, argument)] = reference.items()
    return str(argument if isinstance(argument, str) else argument[0])
