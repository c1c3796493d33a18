"""The emulator's network: what it drops of a template, and what functions reach here."""

import io
import json
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError

from localcloud import postgres
from localcloud.engine import databases
from localcloud.network import deployed, installed

CODE = """
import socket

def handler(event, context):
    try:
        socket.create_connection((event["host"], event["port"]), 0.2).close()
    except OSError as error:
        return type(error).__name__
"""


def resource(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def rule(way, group, peer, port):
    """A rule that is a resource of its own."""
    end = "Source" if way == "Ingress" else "Destination"
    return resource(
        f"EC2::SecurityGroup{way}",
        GroupId={"Ref": group},
        **{f"{end}SecurityGroupId": {"Ref": peer}},
        IpProtocol="tcp",
        FromPort=port,
        ToPort=port,
    )


NETWORK = {
    "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Private": resource("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.0.1.0/24"),
    "Public": resource("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.0.2.0/24"),
    "Nat": resource("EC2::NatGateway", SubnetId={"Ref": "Public"}),
    "App": resource("EC2::SecurityGroup", GroupDescription="a", VpcId={"Ref": "Vpc"}),
    "Db": resource("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "Vpc"}),
    "FromApp": rule("Ingress", "Db", "App", 5432),
    "ToDb": rule("Egress", "App", "Db", 5432),
}
FUNCTION = resource(
    "Lambda::Function",
    Runtime="python3.13",
    Handler="index.handler",
    Role="arn:aws:iam::000000000000:role/r",
    Code={"ZipFile": CODE},
    VpcConfig={"SubnetIds": [{"Ref": "Private"}], "SecurityGroupIds": [{"Ref": "App"}]},
)
DATABASE = {
    "Subnets": resource(
        "RDS::DBSubnetGroup", DBSubnetGroupDescription="s", SubnetIds=[{"Ref": "Private"}]
    ),
    "Database": resource(
        "RDS::DBInstance",
        Engine="postgres",
        Port="5432",
        DBSubnetGroupName={"Ref": "Subnets"},
        VPCSecurityGroups=[{"Ref": "Db"}],
    ),
}


@pytest.mark.parametrize("kind", ["NatGateway", "SecurityGroupIngress", "SecurityGroupEgress"])
def test_the_original_refuses_a_template_that_names_one(emulator, kind):
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        emulator.deploy(Thing=resource(f"EC2::{kind}"))


def test_the_original_drops_the_vpc_of_a_templates_function(emulator):
    some = {name: NETWORK[name] for name in ("Vpc", "Private", "App")}

    stack = emulator.deploy(**some, Function=FUNCTION)

    found = emulator.client("lambda").get_function_configuration(FunctionName=stack.ids["Function"])
    assert not found.get("VpcConfig", {}).get("SubnetIds")


def rules_of(emulator, group):
    """The peers and ports of a group's rules of ingress and of egress."""
    ec2 = emulator.client("ec2")
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [
        [(pair["GroupId"], each["FromPort"]) for each in found[kind] for pair in _pairs(each)]
        for kind in ("IpPermissions", "IpPermissionsEgress")
    ]


def _pairs(permission):
    return permission["UserIdGroupPairs"]


def test_a_templates_network_is_ec2s(emulator, patch):
    patch(installed)

    stack = emulator.deploy(**NETWORK, Function=FUNCTION)

    [nat] = emulator.client("ec2").describe_nat_gateways(NatGatewayIds=[stack.ids["Nat"]])[
        "NatGateways"
    ]
    function = emulator.client("lambda").get_function_configuration(
        FunctionName=stack.ids["Function"]
    )
    assert stack.status == "CREATE_COMPLETE"
    assert (nat["SubnetId"], nat["VpcId"]) == (stack.ids["Public"], stack.ids["Vpc"])
    assert rules_of(emulator, stack.ids["Db"])[0] == [(stack.ids["App"], 5432)]
    assert rules_of(emulator, stack.ids["App"])[1] == [(stack.ids["Db"], 5432)]
    assert function["VpcConfig"]["SubnetIds"] == [stack.ids["Private"]]


def test_a_changed_rule_takes_the_place_of_the_old_one(emulator, patch):
    patch(installed)
    stack = emulator.deploy(**NETWORK)
    changed = {**NETWORK, "FromApp": rule("Ingress", "Db", "App", 9999)}

    emulator.client("cloudformation").update_stack(
        StackName=stack.name, TemplateBody=json.dumps({"Resources": changed})
    )
    emulator.settled(stack.name)

    assert rules_of(emulator, stack.ids["Db"])[0] == [(stack.ids["App"], 9999)]


def test_a_removed_rule_and_gateway_are_gone(emulator, patch):
    patch(installed)
    stack = emulator.deploy(**NETWORK)
    fewer = {name: each for name, each in NETWORK.items() if name not in ("FromApp", "Nat")}

    emulator.client("cloudformation").update_stack(
        StackName=stack.name, TemplateBody=json.dumps({"Resources": fewer})
    )
    emulator.settled(stack.name)

    assert rules_of(emulator, stack.ids["Db"])[0] == []
    assert stack.ids["Nat"] not in deployed.network().nats


@pytest.fixture
def way(emulator, patch, monkeypatch):
    """Finds the way of a function in the deployed VPC, or of one outside, to an address."""
    monkeypatch.setattr(postgres, "give", lambda *_, **__: None)
    cloud = patch(installed)
    databases.install(cloud)
    stack = emulator.deploy(**NETWORK, **DATABASE, Function=FUNCTION)

    def find(*, port, host="127.0.0.1", service="", outside=False):
        function = "nobody" if outside else stack.ids["Function"]
        return installed.find_way(
            cloud, function=function, version="$LATEST", host=host, port=port, service=service
        )

    yield find, cloud, stack
    emulator.delete(stack.name)


def test_the_port_of_postgresql_is_that_which_the_database_was_declared_with(way):
    find, cloud, stack = way

    assert find(port=cloud.database_port)[-1] == stack.ids["Database"]
    assert not find(port=cloud.database_port, outside=True)


def test_the_aws_api_and_the_front_door_are_outside_the_vpc(way):
    find, cloud, _ = way

    for port in (cloud.port, cloud.front_port):
        assert not find(port=port, service="sqs")  # the NAT gateway's subnet has no route out
        assert find(port=port, service="sqs", outside=True)


def test_any_other_address_is_the_internets_but_the_functions_own(way):
    find, _, _ = way

    assert not find(host="192.0.2.1", port=443)
    assert not find(host="2001:db8::1", port=443)
    assert find(host="192.0.2.1", port=443, outside=True)
    assert find(host="localhost", port=12345)
    assert find(host="::1", port=12345)


def test_a_function_times_out_where_there_is_no_way(emulator, patch):
    cloud = patch(installed)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    client, name = emulator.client("lambda"), f"f-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
    )

    def met(port):
        payload = json.dumps({"host": "127.0.0.1", "port": port})
        return json.loads(client.invoke(FunctionName=name, Payload=payload)["Payload"].read())

    assert met(cloud.database_port) == "TimeoutError"
    assert met(2) == "ConnectionRefusedError"  # the front door's, where nothing listens now
