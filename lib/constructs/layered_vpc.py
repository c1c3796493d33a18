"""VPC with public, application and database subnets."""

from aws_cdk import Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import excuse, excuse_cdk_function

_SUBNETS = {
    "Public": ec2.SubnetType.PUBLIC,
    "Application": ec2.SubnetType.PRIVATE_WITH_EGRESS,
    "Database": ec2.SubnetType.PRIVATE_ISOLATED,
}


class LayeredVpc(ec2.Vpc):
    """Three kinds of subnets, named for what is in them, in every zone of the stack.

    Fixed: nothing gets a public address; the default security group has no rules; every flow is
    logged; database subnets have no route but the local one.
    Defaults: none. `nat` is the way out: `one` NAT gateway, a `regional` one, one in each `zone`,
    or `none`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, nat: str, flow_logs: s3.IBucket
    ) -> None:
        zones = Stack.of(scope).availability_zones
        logged = ec2.FlowLogDestination.to_s3(flow_logs, "flows/")
        super().__init__(
            scope,
            construct_id,
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            max_azs=len(zones),
            nat_gateways={"none": 0, "zone": len(zones)}.get(nat, 1),
            nat_gateway_provider=(
                ec2.NatProvider.regional_gateway() if nat == "regional" else None
            ),
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=name,
                    subnet_type=kind,
                    cidr_mask=24,
                    map_public_ip_on_launch=False if name == "Public" else None,
                )
                for name, kind in _SUBNETS.items()
            ],
            flow_logs={"ToBucket": ec2.FlowLogOptions(destination=logged)},
        )
        if nat == "regional":
            # Waits for the gateway to the internet; AWS wants it attached, too:
            # https://github.com/aws/aws-cdk/issues/21404.
            gateway = self.node.find_child("RegionalNatGateway")
            gateway.node.add_dependency(self.node.find_child("VPCGW"))
        if not Token.is_unresolved(zones[0]):
            excuse(self, "named-zones")
        for subnet in self.public_subnets:
            excuse(subnet.node.find_child("DefaultRoute"), "route-to-the-internet")
        task = "to take the default security group's rules away, which no resource type can"
        excuse_cdk_function(self, "VpcRestrictDefaultSG", task=task)
