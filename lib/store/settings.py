"""Settings of the store."""

import re
from dataclasses import dataclass
from typing import Self

from constructs import Node

from lib.context import SettingError, choice, listed, matching

_ZONE = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]")
_NATS = ("one", "regional", "zone", "none")
# The form of a setting, and what it is in words.
_INSTANCE = (re.compile(r"[a-z][a-z0-9]*\.[a-z0-9]+"), "family.size, such as t4g.small")
_DOMAIN = (
    re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"),
    "a host name such as shop.example.com",
)
_CERTIFICATE = (
    re.compile(r"arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]{36}"),
    "the ARN of a certificate in us-east-1",
)
_WEB_ACL = (
    re.compile(r"arn:aws:wafv2:us-east-1:[0-9]{12}:global/webacl/[\w-]{1,128}/[0-9a-f-]{36}"),
    "the ARN of a web ACL for CloudFront, such as an EdgeStack's output",
)


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
        domain = domain_of(node)
        certificate = matching(node, "storeCertificateArn", *_CERTIFICATE)
        if (domain is None) != (certificate is None):
            together = "storeDomain and storeCertificateArn go together"
            raise SettingError(f"{together}: give both or neither")
        return cls(
            zones=_zones(node),
            nat=choice(node, "natGateways", _NATS, default="") or None,
            database_instance=matching(node, "databaseInstance", *_INSTANCE),
            domain=domain,
            certificate_arn=certificate,
            web_acl_arn=matching(node, "storeWebAclArn", *_WEB_ACL),
        )


def domain_of(node: Node) -> str | None:
    """Return the store's own host name, None without one; raise `SettingError` for a wrong one."""
    return matching(node, "storeDomain", *_DOMAIN)


def _zones(node: Node) -> tuple[str, ...]:
    zones = listed(node, "availabilityZones") or ()
    if len(zones) == 1 or not all(_ZONE.fullmatch(zone) for zone in zones):
        raise SettingError(
            f"availabilityZones: {node.try_get_context('availabilityZones')!r} is not allowed: "
            "name at least two zones of one region, such as eu-central-1a,eu-central-1b"
        )
    return zones
