"""Settings of the store."""

from dataclasses import dataclass
from typing import Self

from constructs import Node

from lib.context import SettingError, choice, listed, text


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
        web_acl_arn: The web ACL that guards the CDN, from `storeWebAclArn`: an `EdgeStack` makes
            one, for about 9 $ a month. None when omitted.
    """

    zones: tuple[str, ...]
    nat: str | None
    database_instance: str | None
    domain: str | None
    certificate_arn: str | None
    web_acl_arn: str | None

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
            web_acl_arn=text(node, "storeWebAclArn"),
        )
