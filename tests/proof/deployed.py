"""The deployed stacks as the proof needs them: templates, physical names, functions, sessions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config

from tests.deployment import Deployment
from tests.proof.consents import Consent, given
from tests.proof.decisions import Decision
from tests.proof.denials import Denial, denied
from tests.proof.rights import KINDS, Json, Right, granted, plain, roles

_TYPES = {
    "bucket": "AWS::S3::Bucket",
    "table": "AWS::DynamoDB::Table",
    "secret": "AWS::SecretsManager::Secret",
    "queue": "AWS::SQS::Queue",
    "topic": "AWS::SNS::Topic",
    "function": "AWS::Lambda::Function",
    "log group": "AWS::Logs::LogGroup",
    "key": "AWS::KMS::Key",
    "policy": "AWS::IAM::ManagedPolicy",
}


class Deployed:
    """One stack; `kind` is the beginning of its name."""

    def __init__(self, deployment: Deployment, kind: str) -> None:
        self._deployment = deployment
        self.kind = kind
        self.stack = f"{kind}{deployment.suffix}"
        formation = deployment.client("cloudformation")
        body = formation.get_template(StackName=self.stack)["TemplateBody"]
        self.template: Json = json.loads(body) if isinstance(body, str) else body
        self.physical = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in formation.describe_stack_resources(StackName=self.stack)["StackResources"]
        }

    @cached_property
    def rights(self) -> list[Right]:
        """What the template grants."""
        return granted(self.kind, self.template)

    @cached_property
    def consents(self) -> list[Consent]:
        """What the template lets services do."""
        return given(self.kind, self.template, self._deployment.suffix)

    @cached_property
    def denials(self) -> list[Denial]:
        """What the template denies."""
        return denied(self.kind, self.template)

    def place_of(self, consent: Consent) -> tuple[str, str, str]:
        """The type of what holds a consent, the name of the resource, and the statement's Sid."""
        resource = self.template["Resources"][consent.made_by]
        name = self.physical[consent.resource]
        if consent.place < 0:
            return resource["Type"], name, self.physical[consent.made_by]
        document = (
            resource["Properties"].get("KeyPolicy") or resource["Properties"]["PolicyDocument"]
        )
        return resource["Type"], name, document["Statement"][consent.place].get("Sid", "")

    def answers(self, consent: Consent, decision: Decision, *, allowed: bool) -> bool:
        """Whether a decision is about what a consent lets a service do."""
        return consent.answers(decision, self._deployment.region, allowed=allowed)

    @cached_property
    def roles(self) -> dict[str, tuple[str, str]]:
        """The physical name of each role with a policy of the stack's own, and the policy's ARN."""
        return {
            plain(role): (self.physical[role], self.physical[policy])
            for role, policy in roles(self.template).items()
        }

    def functions(self, role: str | None = None) -> Iterator[str]:
        """The names of the functions with this role, or of all that have one of `roles`."""
        wanted = [name for each, (name, _) in self.roles.items() if role in (None, each)]
        client = self._deployment.client("lambda")
        for logical_id, resource in self.template["Resources"].items():
            if resource["Type"] == _TYPES["function"]:
                found = client.get_function_configuration(FunctionName=self.physical[logical_id])
                if found["Role"].rpartition("/")[2] in wanted:
                    yield found["FunctionName"]

    def restart(self, role: str | None = None) -> None:
        """Let functions start anew, without anything that they keep."""
        client = self._deployment.client("lambda")
        for name in list(self.functions(role)):
            before = client.get_function_configuration(FunctionName=name)
            client.update_function_configuration(FunctionName=name, Timeout=before["Timeout"])

    def first(self, what: str) -> str | None:
        """The physical id of the stack's first resource of a type."""
        found = [
            self.physical[logical_id]
            for logical_id, resource in self.template["Resources"].items()
            if resource["Type"] == _TYPES[what]
        ]
        return found[0] if found else None

    @contextmanager
    def session(self, role: str) -> Iterator[Any]:
        """Makes clients with the role's own credentials, which the operator may take meanwhile."""
        iam, physical = self._deployment.client("iam"), self.roles[role][0]
        found = iam.get_role(RoleName=physical)["Role"]
        trust = found["AssumeRolePolicyDocument"]
        account = found["Arn"].split(":")[4]
        operator = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        }
        opened = {**trust, "Statement": [*trust["Statement"], operator]}
        iam.update_assume_role_policy(RoleName=physical, PolicyDocument=json.dumps(opened))
        try:
            keys = self._deployment.client("sts").assume_role(
                RoleArn=found["Arn"], RoleSessionName="proof"
            )["Credentials"]
        finally:
            iam.update_assume_role_policy(RoleName=physical, PolicyDocument=json.dumps(trust))
        session = botocore.session.get_session()

        def client(service: str) -> Any:
            return session.create_client(
                service,
                region_name=self._deployment.region,
                endpoint_url=self._deployment.endpoint,
                verify=self._deployment.ca_bundle,
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                config=Config(
                    retries={"total_max_attempts": 1},
                    signature_version="s3v4" if service == "s3" else None,
                ),
            )

        yield client


def every(deployment: Deployment) -> list[Deployed]:
    """All stacks."""
    return [Deployed(deployment, kind) for kind in KINDS]


def names(own: Deployed, role: str, stacks: list[Deployed]) -> dict[str, str]:
    """What the placeholders of a dangerous call stand for, to a role of this stack."""
    others = [each for each in stacks if each is not own]
    found = {"stack": own.stack, "role": own.roles[role][0]}
    arn = "arn:aws:iam::000000000000:role/"
    found["role arn"] = arn + found["role"]
    found["other role"] = arn + next(iter(others[0].roles.values()))[0]
    for what in _TYPES:
        # Where one stack alone has such a thing, its first: the dead letters, not the queue.
        elsewhere = [name for each in (*others, own) if (name := each.first(what))]
        found[what] = own.first(what) or elsewhere[0]
        found[f"other {what}"] = elsewhere[0]
    return found
