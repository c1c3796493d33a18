"""Settings of the delivery."""

import re
from dataclasses import dataclass
from typing import Self

from constructs import Node

from lib.context import SettingError, flag, listed, matching
from lib.environment import valid_suffix

PREVIEW = "preview"
_NAME = r"[A-Za-z0-9][\w.-]*(@[0-9]+)?"
_REPOSITORY = (
    re.compile(f"{_NAME}/{_NAME}"),
    "owner/name, or owner@id/name@id where GitHub says so in its tokens",
)


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """Who delivers to an account from GitHub Actions; each is a CDK context value.

    Attributes:
        repository: As the subject of GitHub's tokens names it, from `delivery`.
        environments: The GitHub environments that deliver to this account, each named as the
            suffix that it deploys, from `deliveryEnvironments` (a list, or separated by commas);
            `staging` and `prod` when omitted. `preview` deploys the `pr<number>` of pull requests,
            and has the account for itself.
        provider_exists: Whether the account has GitHub's OIDC provider already, from
            `deliveryProviderExists` (`true` or `false`); no when omitted.
    """

    repository: str
    environments: tuple[str, ...]
    provider_exists: bool

    @classmethod
    def resolve(cls, node: Node) -> Self | None:
        """Return the settings that `node` sees as context, None without `delivery`."""
        repository = matching(node, "delivery", *_REPOSITORY)
        if repository is None:
            return None
        environments = listed(node, "deliveryEnvironments") or ("staging", "prod")
        for name in environments:
            valid_suffix(name)
        if PREVIEW in environments and len(environments) > 1:
            raise SettingError(
                "deliveryEnvironments: what a pull request deploys can do all that the CDK can in "
                "its account: give preview an account of its own"
            )
        exists = flag(node, "deliveryProviderExists", default=False)
        return cls(repository=repository, environments=environments, provider_exists=exists)
