"""Types of CloudFormation that a network is made of, beyond the emulator's own.

Changes: NAT gateways, and rules of security groups that are resources of their own, are kept.
Original: The types are refused.
Fault: the emulator's; it would deploy all three types.
"""

import secrets
from collections.abc import Callable

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from localcloud.engine.handlers import Deployed, Properties, add_type
from localcloud.engine.internals import need


def add() -> None:
    """Deploy NAT gateways, and rules of security groups that are resources of their own."""
    _add("NatGateway", "nat", _put_nat_gateway)
    _add("SecurityGroupIngress", "sgr", _put_rule("IpPermissions"))
    _add("SecurityGroupEgress", "sgr", _put_rule("IpPermissionsEgress"))


def _add(kind: str, prefix: str, put: Callable[[str, Properties, Properties], None]) -> None:
    """Add a type of EC2; `put` has new properties, if any, take the place of old ones."""

    def deploy(name: str, new: Properties, old: Properties) -> Deployed:
        made = name if old else f"{prefix}-{secrets.token_hex(9)[1:]}"
        put(made, old, new)
        return made, {"Id": made, "NatGatewayId": made}

    add_type(f"AWS::EC2::{kind}", deploy, lambda made, old: put(made, old, {}))


def _put_rule(kind: str) -> Callable[[str, Properties, Properties], None]:
    """Change the rules of one kind in the record of a security group."""
    permissions = need(provisioners, "_ec2_sg_permissions")
    reconcile = need(provisioners, "_ec2_sg_reconcile")

    def put(_: str, old: Properties, new: Properties) -> None:
        for given, before, after in ((old, [old], []), (new, [], [new])):
            if group := need(ec2, "_security_groups").get(given.get("GroupId", "")):
                reconcile(group[kind], permissions(before), permissions(after))

    return put


def _put_nat_gateway(nat_id: str, _old: Properties, new: Properties) -> None:
    gateways, subnets = need(ec2, "_nat_gateways"), need(ec2, "_subnets")
    gateways.pop(nat_id, None)
    if new:
        gateways[nat_id] = {
            "NatGatewayId": nat_id,
            "SubnetId": new.get("SubnetId", ""),  # a regional one is in none
            "VpcId": new.get("VpcId") or subnets.get(new.get("SubnetId"), {}).get("VpcId", ""),
            "ConnectivityType": new.get("ConnectivityType", "public"),
            "State": "available",
            "CreateTime": need(ec2, "_now_ts")(),
        }
