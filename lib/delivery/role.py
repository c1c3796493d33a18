"""IAM roles that jobs of GitHub Actions take."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.permissions import allow

_ISSUER, _AWS = "token.actions.githubusercontent.com", "sts.amazonaws.com"
_RIGHTS = tomllib.loads(Path(__file__).with_name("rights.toml").read_text("utf-8"))
_HERE = {"partition": Aws.PARTITION, "account": Aws.ACCOUNT_ID, "region": Aws.REGION}
# The same as cdk-nag prints it.
_PRINTED = dict(zip(_HERE, ("<AWS::Partition>", "<AWS::AccountId>", "<AWS::Region>"), strict=True))


class GitHubRole(Construct):
    """A role that jobs with exactly these `claims` take, by the token that GitHub issues to them.

    Fixed: for AWS's audience; every claim compared letter by letter; two hours at most; it may do
    what `rights.toml` lists below `kinds`, for the environment `suffix`. That policy is its
    permissions boundary, too: what is attached later adds nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        claims: Mapping[str, str],
        kinds: list[str],
        suffix: str = "",
    ) -> None:
        super().__init__(scope, construct_id)
        told = {f"{_ISSUER}:{name}": value for name, value in {"aud": _AWS, **claims}.items()}
        provider = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:oidc-provider/{_ISSUER}"
        rights = [right for kind in kinds for right in _RIGHTS[kind]]
        policy = self._policy(rights, suffix)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.WebIdentityPrincipal(provider, {"StringEquals": told}),
            managed_policies=[policy],
            permissions_boundary=policy,
            max_session_duration=Duration.hours(2),
        )

    def _policy(self, rights: list[dict[str, Any]], suffix: str) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(self, "Policy")
        names = {"suffix": suffix, "qualifier": Stack.of(self).synthesizer.bootstrap_qualifier}
        for right in rights:
            conditions = {
                operator: {key: value.format(**_HERE, **names) for key, value in keys.items()}
                for operator, keys in right.get("if", {}).items()
            }
            on = [each.format(**_HERE, **names) for each in right["on"]]
            policy.add_statements(allow(right["sid"], *right["may"], on=on, only_if=conditions))
            for resource in (each.format(**_PRINTED, **names) for each in right["on"]):
                if "*" in resource:
                    rule = f"AwsSolutions-IAM5[Resource::{resource}]"
                    acknowledge(policy, rule, reason=right["because"])
        return policy
