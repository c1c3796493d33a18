"""VPC for functions and their database."""

from aws_cdk import Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import acknowledge, acknowledge_cdk_function, hipaa_nist_pci

DATABASE_PORT = 5433


class ApplicationNetwork(Construct):
    """Public, application and database subnets in every availability zone of the stack.

    Fixed: nothing gets a public address; the default security group has no rules; every flow is
    logged; database subnets have no route but the local one. The application may speak to the
    database's port and by HTTPS to the outside; the database takes the application's connections
    to that port and starts none.
    Defaults: none. `nat` is the way out: `one` NAT gateway, a `regional` one, one in each `zone`,
    or `none`; then the application may speak by HTTPS to Secrets Manager alone.

    Attributes:
        vpc: The network.
        application_subnets: Where functions run.
        database_subnets: Where databases run.
        application: The functions' security group.
        database: The databases' security group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, nat: str, flow_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        zones = len(Stack.of(self).availability_zones)
        self.application_subnets = ec2.SubnetSelection(subnet_group_name="Application")
        self.database_subnets = ec2.SubnetSelection(subnet_group_name="Database")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            max_azs=zones,
            nat_gateways={"none": 0, "zone": zones}.get(nat, 1),
            nat_gateway_provider=(
                ec2.NatProvider.regional_gateway() if nat == "regional" else None
            ),
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Application",
                    subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS,
                    cidr_mask=24,
                ),
                ec2.SubnetConfiguration(
                    name="Database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                ),
            ],
            flow_logs={
                "ToBucket": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_s3(flow_logs, "flows/")
                )
            },
        )
        if nat == "regional":
            # Waits for the gateway to the internet; AWS wants it attached, too:
            # https://github.com/aws/aws-cdk/issues/21404.
            gateway = self.vpc.node.find_child("RegionalNatGateway")
            gateway.node.add_dependency(self.vpc.node.find_child("VPCGW"))
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
        self._acknowledge_rules()

    def _security_group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            f"{name}Group",
            vpc=self.vpc,
            description=description,
            allow_all_outbound=False,
        )

    def _add_storage_endpoint(self) -> None:
        """Lead the application's traffic to S3 past the NAT gateway: free, and own buckets only."""
        endpoint = self.vpc.add_gateway_endpoint(
            "Storage",
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[self.application_subnets],
        )
        endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="BucketsOfThisAccount",
                principals=[iam.AnyPrincipal()],
                actions=["s3:*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:ResourceAccount": Stack.of(self).account}},
            )
        )

    def _add_secrets_endpoint(self) -> None:
        group = self._security_group("Secrets", "Endpoint of Secrets Manager")
        endpoint = self.vpc.add_interface_endpoint(
            "Secrets",
            service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            subnets=self.application_subnets,
            security_groups=[group],
            open=False,
        )
        endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="SecretsOfThisAccount",
                principals=[iam.AnyPrincipal()],
                actions=["secretsmanager:*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:PrincipalAccount": Stack.of(self).account}},
            )
        )
        self.application.connections.allow_to(
            group, ec2.Port.HTTPS, "The application fetches its secrets"
        )

    def _acknowledge_rules(self) -> None:
        if not Token.is_unresolved(Stack.of(self).availability_zones[0]):
            acknowledge(
                self.vpc,
                "W3010",
                reason="The zones are named because a setting asks for these and no others.",
            )
        for subnet in self.vpc.public_subnets:
            acknowledge(
                subnet.node.find_child("DefaultRoute"),
                *hipaa_nist_pci("VPCNoUnrestrictedRouteToIGW"),
                reason="The way out of the NAT gateway, which takes no connection from outside.",
            )
        acknowledge_cdk_function(
            self,
            "VpcRestrictDefaultSG",
            task="to take the default security group's rules away, which no resource type can",
        )
