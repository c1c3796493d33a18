"""Settings of the store."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from aws_cdk import Token
from constructs import Node

from lib.context import SettingError, choice, flag, listed, text


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """The settings of one store; each is a CDK context value with a safe default.

    Attributes:
        zones: The availability zones of the network, from `availabilityZones` (a list, or
            separated by commas). When omitted, the first two of the region it is deployed to,
            which the deployment finds, not the synthesis.
        nat: How functions reach what has no address in the network, from `natGateways`: through
            `one` gateway, a `regional` one that survives the loss of a zone, one in each `zone`,
            or `none`: then there is no way out, and an endpoint for Secrets Manager instead.
            None when omitted: as the environment's `Scale`.
        database_instance: The database's size, from `databaseInstance`. None when omitted: as the
            environment's `Scale`.
        domain: The store's own host name, from `storeDomain`. CloudFront's when omitted.
        certificate_arn: Its certificate, from `storeCertificateArn`: one of us-east-1, where
            CloudFront looks for it. Given exactly when `domain` is.
        firewall: Whether a web ACL guards the CDN, from `storeFirewall` (`true` or `false`); no
            when omitted. It works in us-east-1 only (`check`) and costs about 9 $ a month.
    """

    zones: tuple[str, ...]
    nat: str | None
    database_instance: str | None
    domain: str | None
    certificate_arn: str | None
    firewall: bool

    @classmethod
    def resolve(cls, node: Node) -> Self:
        """Return the settings that `node` sees as context; raise `SettingError` for a wrong one."""
        domain = text(node, "storeDomain")
        certificate = text(node, "storeCertificateArn")
        if (domain is None) != (certificate is None):
            together = "storeDomain and storeCertificateArn go together"
            raise SettingError(f"{together}: give both or neither")
        return cls(
            zones=listed(node, "availabilityZones") or (),
            nat=choice(node, "natGateways", default="") or None,
            database_instance=text(node, "databaseInstance"),
            domain=domain,
            certificate_arn=certificate,
            firewall=flag(node, "storeFirewall", default=False),
        )

    def check(self, region: str, environ: Mapping[str, str] = os.environ) -> None:
        """Raise `SettingError` for what AWS does not have in the region that the stack goes to.

        Where only the deployment knows its `region`, it is the one that the CDK CLI deploys to and
        tells the app in `environ`, if there is a CLI.
        """
        place = environ.get("CDK_DEFAULT_REGION") if Token.is_unresolved(region) else region
        if self.firewall and place and place != "us-east-1":
            raise SettingError(
                f"storeFirewall: the store goes to {place}, but AWS has web ACLs for CloudFront in "
                "us-east-1 only: deploy it there, or leave storeFirewall out"
            )
