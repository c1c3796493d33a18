"""VPC of functions and their database."""

from aws_cdk import Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import excuse, excuse_cdk_function
from lib.environment import Environment
from lib.permissions import allow, arn_here, deny

DATABASE_PORT = 5433
_SUBNETS = {
    "Public": ec2.SubnetType.PUBLIC,
    "Application": ec2.SubnetType.PRIVATE_WITH_EGRESS,
    "Database": ec2.SubnetType.PRIVATE_ISOLATED,
}


class ApplicationNetwork(Construct):
    """Three kinds of subnets in every zone of the stack, and who may speak to whom in them.

    Fixed: nothing gets a public address; the default security group has no rules; every flow is
    logged; database subnets have no route but the local one. The application may speak to the
    database's port and by HTTPS to the outside; the database takes the application's connections
    to that port and starts none.
    Defaults: none. `nat` is the way out: `one` NAT gateway, a `regional` one, one in each `zone`.
    With `none`, the application may speak by HTTPS to Secrets Manager alone, by an endpoint in as
    many zones as the environment's `Scale` says.
    Permissions: `allow_joining`; the policy that has it is a `function-in-a-network`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, nat: str, flow_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self.application_subnets = ec2.SubnetSelection(subnet_group_name="Application")
        self.database_subnets = ec2.SubnetSelection(subnet_group_name="Database")
        self.vpc = self._add_vpc(nat, flow_logs)
        self.application = self._security_group("Application", "Functions of the store")
        self.database = self._security_group("Database", "Databases of the store")
        self.application.connections.allow_to(
            self.database, ec2.Port.tcp(DATABASE_PORT), "The application asks the database"
        )
        self._add_storage_endpoint()
        if nat == "none":
            self._add_secrets_endpoint()
        else:
            self.application.add_egress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "AWS APIs have no address in the network"
            )

    def _add_vpc(self, nat: str, flow_logs: s3.IBucket) -> ec2.Vpc:
        zones = Stack.of(self).availability_zones
        regional, logged = nat == "regional", ec2.FlowLogDestination.to_s3(flow_logs, "flows/")
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            max_azs=len(zones),
            nat_gateways={"none": 0, "zone": len(zones)}.get(nat, 1),
            nat_gateway_provider=ec2.NatProvider.regional_gateway() if regional else None,
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
        if regional:
            # Waits for the gateway to the internet; AWS wants it attached, too:
            # https://github.com/aws/aws-cdk/issues/21404.
            gateway = vpc.node.find_child("RegionalNatGateway")
            gateway.node.add_dependency(vpc.node.find_child("VPCGW"))
        if not Token.is_unresolved(zones[0]):
            excuse(vpc, "named-zones")
        for subnet in vpc.public_subnets:
            excuse(subnet.node.find_child("DefaultRoute"), "route-to-the-internet")
        task = "to take the default security group's rules away, which no resource type can"
        excuse_cdk_function(vpc, "VpcRestrictDefaultSG", task=task)
        return vpc

    def _security_group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, f"{name}Group", vpc=self.vpc, description=description, allow_all_outbound=False
        )

    def _add_storage_endpoint(self) -> None:
        """Lead the application's traffic to S3 past the NAT gateway: free, and own buckets only."""
        endpoint = self.vpc.add_gateway_endpoint(
            "Storage",
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[self.application_subnets],
        )
        account = {"StringEquals": {"aws:ResourceAccount": Stack.of(self).account}}
        endpoint.add_to_policy(
            allow("BucketsOfThisAccount", "s3:*", by=iam.AnyPrincipal(), only_if=account)
        )

    def _add_secrets_endpoint(self) -> None:
        group = self._security_group("Secrets", "Endpoint of Secrets Manager")
        subnets = self.vpc.select_subnets(subnet_group_name="Application").subnets
        zones = Environment.of(self).scale.endpoint_zones
        endpoint = self.vpc.add_interface_endpoint(
            "Secrets",
            service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            subnets=ec2.SubnetSelection(subnets=subnets[:zones]),
            security_groups=[group],
            open=False,
        )
        account = {"StringEquals": {"aws:PrincipalAccount": Stack.of(self).account}}
        endpoint.add_to_policy(
            allow(
                "SecretsOfThisAccount", "secretsmanager:*", by=iam.AnyPrincipal(), only_if=account
            )
        )
        self.application.connections.allow_to(
            group, ec2.Port.HTTPS, "The application fetches its secrets"
        )

    def allow_joining(self, function_name: str) -> list[iam.PolicyStatement]:
        """Return what Lambda needs to place a function, and its refusal to the code inside."""
        # The service uses the function's role to make the interfaces; only calls of the code itself
        # carry `lambda:SourceFunctionArn`.
        look = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        change = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
        ]
        itself = arn_here(self, "lambda", f"function:{function_name}")
        return [
            allow("SeeNetwork", *look),
            # As wide as Lambda asks for: it deletes interfaces whose ids nobody knows beforehand.
            allow("JoinNetwork", *change, on=arn_here(self, "ec2", "*/*")),
            deny(
                "CodeMayNot",
                *look,
                *change,
                only_if={"ArnEquals": {"lambda:SourceFunctionArn": itself}},
            ),
        ]
