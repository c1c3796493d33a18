"""Settings of the partner API."""

from dataclasses import dataclass
from typing import Self

from constructs import Node

from lib.context import choice, choices


@dataclass(frozen=True, kw_only=True)
class PartnerSettings:
    """The settings of one partner API: how fast and how often a partner's key may call.

    By the plan in context `partnerPlan`: `small` (10,000 a day; when omitted), `standard`
    (1,000,000) or `full` (as many as the rate allows).
    """

    requests_per_second: int = 1_000  # of all keys together, too
    requests_per_day: int

    @classmethod
    def resolve(cls, node: Node) -> Self:
        """Return the settings that `node` sees as context; raise `SettingError` for no plan."""
        plan = choice(node, "partnerPlan", default="small")
        return cls(requests_per_day=choices("partnerPlan")[plan])
