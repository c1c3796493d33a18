"""CloudFormation stack of the delivery: who may deploy from GitHub Actions, without stored keys."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from lib.delivery.role import GitHubRole
from lib.delivery.settings import PREVIEW, DeliverySettings

_TESTED = (PREVIEW, "staging")  # where the deployed suites run, which change what they test


class DeliveryStack(Stack):
    """A role for each environment that delivers to this account, and one that watches.

    Fixed: each role is for one environment of one repository, and but in `preview` for jobs of its
    branch `main` alone; protected from termination. GitHub's OIDC provider is the account's: it has
    one, for all who deliver from GitHub, so no stack owns it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: DeliverySettings) -> None:
        description = "TAP: who may deliver it"
        super().__init__(scope, construct_id, description=description, termination_protection=True)
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
        role = GitHubRole(self, title, **settings).role
        CfnOutput(self, f"{title}RoleArn", value=role.role_arn, description=f"Role of {name}")
