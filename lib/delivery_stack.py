"""CloudFormation stack of the delivery: who may deploy from GitHub Actions, without stored keys."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.delivery.role import AUDIENCE, ISSUER, GitHubRole
from lib.delivery.settings import PREVIEW, DeliverySettings

_TESTED = (PREVIEW, "staging")  # where the deployed suites run, which change what they test


class DeliveryStack(Stack):
    """GitHub's OIDC provider, a role for each environment that delivers here, one that watches.

    Fixed: each role is for one environment of one repository, and but in `preview` for jobs of its
    branch `main` alone; protected from termination.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: DeliverySettings) -> None:
        description = "TAP: who may deliver it"
        super().__init__(scope, construct_id, description=description, termination_protection=True)
        self._provider = f"arn:{self.partition}:iam::{self.account}:oidc-provider/{ISSUER}"
        if not settings.provider_exists:  # an account has one, whatever the region
            url = f"https://{ISSUER}"
            made = iam.OidcProviderNative(self, "GitHub", url=url, client_ids=[AUDIENCE])
            self._provider = made.oidc_provider_arn
        subject, main = f"repo:{settings.repository}", "refs/heads/main"
        for name in settings.environments:
            preview = name == PREVIEW
            of_main = {} if preview else {"ref": main}
            self._add_role(
                name,
                claims={"sub": f"{subject}:environment:{name}", **of_main},
                kinds=["deliver", "suites"] if name in _TESTED else ["deliver"],
                suffix="pr*" if preview else name,
            )
        self._add_role("watch", claims={"sub": f"{subject}:ref:{main}"}, kinds=["watch"])

    def _add_role(self, name: str, **settings: Any) -> None:
        title = name.title().replace("-", "")
        role = GitHubRole(self, title, provider_arn=self._provider, **settings).role
        CfnOutput(self, f"{title}RoleArn", value=role.role_arn, description=f"Role of {name}")
