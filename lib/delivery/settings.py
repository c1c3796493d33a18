"""Settings of the delivery."""

from dataclasses import dataclass
from typing import Self

from constructs import Node

from lib.context import SettingError, listed, text
from lib.environment import valid_suffix

PREVIEW = "preview"


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """Who delivers to an account from GitHub Actions; each is a CDK context value.

    Attributes:
        repository: As GitHub's tokens name it, from `delivery`.
        environments: GitHub environments, each named as the suffix that it deploys, from
            `deliveryEnvironments`; `staging` and `prod` when omitted. `preview` deploys the
            `pr<number>` of pull requests, to an account of its own.
    """

    repository: str
    environments: tuple[str, ...]

    @classmethod
    def resolve(cls, node: Node) -> Self | None:
        """Return the settings that `node` sees as context, None without `delivery`."""
        repository = text(node, "delivery")
        environments = listed(node, "deliveryEnvironments") or ("staging", "prod")
        if PREVIEW in environments and len(environments) > 1:
            raise SettingError(
                "deliveryEnvironments: what a pull request deploys can do all that the CDK can in "
                "its account: give preview an account of its own"
            )
        environments = tuple(map(valid_suffix, environments))
        if repository is None:
            return None
        return cls(repository=repository, environments=environments)
