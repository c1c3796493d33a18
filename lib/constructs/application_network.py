"""Network of functions and their database."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.constructs.layered_vpc import LayeredVpc
from lib.environment import Environment
from lib.permissions import allow, arn_here, deny

DATABASE_PORT = 5433


class ApplicationNetwork(Construct):
    """A `LayeredVpc`, and security groups that say who may speak to whom in it.

    Fixed: the application may speak to the database's port and by HTTPS to the outside; the
    database takes the application's connections to that port and starts none.
    Defaults: none. With `nat` as `none` (see `LayeredVpc`), the application may speak by HTTPS to
    Secrets Manager alone, by an endpoint in as many zones as the environment's `Scale` says.
    Permissions: `allow_joining`; the policy that has it is a `function-in-a-network`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, nat: str, flow_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self.application_subnets = ec2.SubnetSelection(subnet_group_name="Application")
        self.database_subnets = ec2.SubnetSelection(subnet_group_name="Database")
        self.vpc = LayeredVpc(self, "Vpc", nat=nat, flow_logs=flow_logs)
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
