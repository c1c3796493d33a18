"""Functions connect only where the deployed network lets them; elsewhere they time out.

Each fault is planted through the AWS API in the network of the deployed store, and put right again.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore
import pytest

from tests.deployment import Deployment
from tests.security.own_resources import Own, own_resources
from tests.store import Store

pytestmark = pytest.mark.embedded  # on AWS, the network itself does this

# Says what became of one connection, and after how many seconds.
_CONNECTS = """
import socket, sys, time

def handler(event, context):
    if event["packages"] not in sys.path:
        sys.path.append(event["packages"])
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    began = time.monotonic()
    try:
        if "service" in event:
            config = Config(connect_timeout=event["seconds"], retries={"total_max_attempts": 1})
            client = Session().create_client(event["service"], config=config)
            getattr(client, event["operation"])()
        else:
            place = (event["host"], event["port"])
            socket.create_connection(place, event["seconds"]).close()
    except (OSError, BotoCoreError) as error:
        return {"met": type(error).__name__, "after": time.monotonic() - began}
    return {"met": None, "after": time.monotonic() - began}
"""
_PACKAGES = str(Path(botocore.__file__).parents[1])
_SECONDS = 0.5
_SECRETS = {"service": "secretsmanager", "operation": "list_secrets"}
_BUCKETS = {"service": "s3", "operation": "list_buckets"}
_QUEUES = {"service": "sqs", "operation": "list_queues"}


@dataclass(kw_only=True)
class Network:
    """The network of the store, and a function of the suite's own within and outside it."""

    deployment: Deployment
    database: dict[str, Any]
    vpc: dict[str, Any]
    api: str
    inside: str
    outside: str

    @property
    def ec2(self) -> Any:
        """A client."""
        return self.deployment.client("ec2")

    def connect(self, function: str, **where: Any) -> str | None:
        """Let a function connect; what it met, after its timeout, or None."""
        answer = self.deployment.client("lambda").invoke(
            FunctionName=function,
            Payload=json.dumps({**where, "seconds": _SECONDS, "packages": _PACKAGES}),
        )
        found = json.loads(answer["Payload"].read())
        assert "met" in found, found
        assert found["met"] is None or found["after"] >= _SECONDS
        met: str | None = found["met"]
        return met

    def start_anew(self) -> None:
        """Let the next request find no connection that was opened before.

        Rules are not asked about those: security groups track connections, as on AWS.
        """
        functions = self.deployment.client("lambda")
        before = functions.get_function_configuration(FunctionName=self.api)
        functions.update_function_configuration(FunctionName=self.api, Timeout=before["Timeout"])
        functions.get_waiter("function_updated_v2").wait(FunctionName=self.api)

    def application_group(self) -> Any:
        """The security group of the store's functions, as EC2 describes it."""
        return self._group(self.vpc["SecurityGroupIds"][0])

    def database_group(self) -> Any:
        """The security group of the database, as EC2 describes it."""
        return self._group(self.database["VpcSecurityGroups"][0]["VpcSecurityGroupId"])

    def route_tables(self) -> list[Any]:
        """The route tables of the functions' subnets."""
        by_subnet = {"Name": "association.subnet-id", "Values": self.vpc["SubnetIds"]}
        found: list[Any] = self.ec2.describe_route_tables(Filters=[by_subnet])["RouteTables"]
        return found

    def _group(self, group_id: str) -> Any:
        return self.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]

    @contextmanager
    def without_ingress(self) -> Iterator[None]:
        """Take the rules away by which the database may be reached."""
        group = self.database_group()
        self.ec2.revoke_security_group_ingress(
            GroupId=group["GroupId"], SecurityGroupRuleIds=self._rules(group, is_egress=False)
        )
        assert not self.database_group()["IpPermissions"]
        try:
            yield
        finally:
            self.ec2.authorize_security_group_ingress(
                GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
            )

    @contextmanager
    def without_egress(self) -> Iterator[None]:
        """Take the rules away by which functions may reach anything."""
        group = self.application_group()
        self.ec2.revoke_security_group_egress(
            GroupId=group["GroupId"], SecurityGroupRuleIds=self._rules(group, is_egress=True)
        )
        assert not self.application_group()["IpPermissionsEgress"]
        try:
            yield
        finally:
            self.ec2.authorize_security_group_egress(
                GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"]
            )

    def _rules(self, group: Any, *, is_egress: bool) -> list[str]:
        of_group = {"Name": "group-id", "Values": [group["GroupId"]]}
        rules = self.ec2.describe_security_group_rules(Filters=[of_group])["SecurityGroupRules"]
        return [each["SecurityGroupRuleId"] for each in rules if each["IsEgress"] is is_egress]

    @contextmanager
    def without_nat(self) -> Iterator[None]:
        """Take the default routes of the functions' subnets away."""
        default = {"DestinationCidrBlock": "0.0.0.0/0"}
        taken = []
        for table in self.route_tables():
            for route in table["Routes"]:
                if route.get("NatGatewayId"):
                    at = {"RouteTableId": table["RouteTableId"], **default}
                    self.ec2.delete_route(**at)
                    taken.append({**at, "NatGatewayId": route["NatGatewayId"]})
        assert taken
        try:
            yield
        finally:
            for route in taken:
                self.ec2.create_route(**route)

    @contextmanager
    def with_secrets_endpoint(self) -> Iterator[str]:
        """Add an endpoint of Secrets Manager to the functions' subnets; the id of its group."""
        stacks = self.deployment.client("cloudformation")
        vpc = self.application_group()["VpcId"]
        group = {"GroupDescription": "Endpoint of the suite", "VpcId": vpc}
        endpoint = {
            "VpcEndpointType": "Interface",
            "VpcId": vpc,
            "ServiceName": f"com.amazonaws.{self.deployment.region}.secretsmanager",
            "SubnetIds": self.vpc["SubnetIds"],
            "SecurityGroupIds": [{"Ref": "Group"}],
            "PrivateDnsEnabled": True,
        }
        resources = {
            "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group},
            "Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": endpoint},
        }
        name = {"StackName": f"suite-{uuid.uuid4().hex[:8]}"}
        stacks.create_stack(**name, TemplateBody=json.dumps({"Resources": resources}))
        stacks.get_waiter("stack_create_complete").wait(**name, WaiterConfig={"Delay": 1})
        found = stacks.describe_stack_resource(**name, LogicalResourceId="Group")
        try:
            yield found["StackResourceDetail"]["PhysicalResourceId"]
        finally:
            stacks.delete_stack(**name)
            stacks.get_waiter("stack_delete_complete").wait(**name, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def own(deployment: Deployment) -> Iterator[Own]:
    """The suite's own role."""
    with own_resources(deployment) as made:
        yield made


@pytest.fixture(scope="module")
def network(deployment: Deployment, own: Own) -> Network:
    """The network of the store."""
    functions = deployment.client("lambda").list_functions()["Functions"]
    (api,) = (each for each in functions if each["Handler"].startswith("services.store_api."))
    vpc = {name: api["VpcConfig"][name] for name in ("SubnetIds", "SecurityGroupIds")}
    (database,) = deployment.client("rds").describe_db_instances()["DBInstances"]
    return Network(
        deployment=deployment,
        database=database,
        vpc=vpc,
        api=api["FunctionName"],
        inside=own.function("inside", _CONNECTS, VpcConfig=vpc, Timeout=10),
        outside=own.function("outside", _CONNECTS, Timeout=10),
    )


@pytest.fixture
def database(network: Network) -> dict[str, Any]:
    """Where the store's database answers."""
    endpoint = network.database["Endpoint"]
    return {"host": endpoint["Address"], "port": endpoint["Port"]}


def test_the_store_has_no_database_without_its_ingress_rule(store: Store, network: Network) -> None:
    assert store.get("/api/products").status == 200

    with network.without_ingress():
        network.start_anew()
        began = time.monotonic()
        answer = store.get("/api/products")

    assert answer.status == 503
    assert time.monotonic() - began > 3  # it waited for what never came
    assert store.get("/api/products").status == 200


def test_an_open_connection_outlives_the_rule_that_let_it_in(
    store: Store, network: Network
) -> None:
    assert store.get("/api/products").status == 200

    with network.without_ingress():
        assert store.get("/api/products").status == 200


def test_the_store_reaches_nothing_without_its_groups_egress(
    store: Store, network: Network
) -> None:
    with network.without_egress():
        network.start_anew()
        answer = store.get("/api/products")

    assert answer.status == 503
    assert store.get("/api/products").status == 200


def test_only_a_function_in_the_vpc_reaches_the_database(
    network: Network, database: dict[str, Any]
) -> None:
    assert network.connect(network.inside, **database) is None
    assert network.connect(network.outside, **database) == "TimeoutError"


def test_a_function_in_the_vpc_calls_aws_through_the_nat_gateway(network: Network) -> None:
    assert network.connect(network.inside, **_SECRETS) is None

    with network.without_nat():
        assert network.connect(network.inside, **_SECRETS) == "ConnectTimeoutError"
        assert network.connect(network.outside, **_SECRETS) is None
    assert network.connect(network.inside, **_SECRETS) is None


def test_s3_has_a_route_of_its_own(network: Network) -> None:
    with network.without_nat():
        assert network.connect(network.inside, **_BUCKETS) is None


def test_an_interface_endpoint_leads_to_its_service_alone_and_through_its_group(
    network: Network,
) -> None:
    with network.without_nat(), network.with_secrets_endpoint() as group:
        assert network.connect(network.inside, **_SECRETS) == "ConnectTimeoutError"

        network.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "UserIdGroupPairs": [{"GroupId": network.vpc["SecurityGroupIds"][0]}],
                }
            ],
        )

        assert network.connect(network.inside, **_SECRETS) is None
        assert network.connect(network.inside, **_QUEUES) == "ConnectTimeoutError"


@pytest.mark.parametrize("closed", [Network.without_nat, Network.without_egress])
def test_without_a_way_out_the_internet_does_not_answer(
    network: Network, closed: Callable[[Network], Any]
) -> None:
    with closed(network):
        assert network.connect(network.inside, host="192.0.2.1", port=443) == "TimeoutError"
