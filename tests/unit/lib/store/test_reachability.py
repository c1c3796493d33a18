"""The network proof: who reaches the store's database, shown on the synthesized template."""

import copy
from collections.abc import Callable

import pytest

from localcloud.network.model import HTTPS
from tests.unit.lib.store.network import TemplateNetwork
from tests.unit.synthesized import Json, SynthesizedStack

PORT = 5433


def groups(template: Json) -> tuple[str, str]:
    """The logical ids of the application's and the database's security groups."""
    resources = template["Resources"]
    (database,) = (each for each in resources.values() if each["Type"] == "AWS::RDS::DBInstance")
    functions = [
        each["Properties"]["VpcConfig"]["SecurityGroupIds"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function" and "VpcConfig" in each["Properties"]
    ]
    (application,) = {each["Fn::GetAtt"][0] for groups in functions for each in groups}
    (own,) = database["Properties"]["VPCSecurityGroups"]
    return application, own["Fn::GetAtt"][0]


def faults(template: Json) -> list[str]:
    application, _ = groups(template)
    return TemplateNetwork(template).faults(application, PORT)


@pytest.fixture(
    name="template",
    params=["store", "store_qa", "store_prod", "store_nat_none", "store_nat_regional"],
)
def every_template(request: pytest.FixtureRequest) -> Json:
    stack: SynthesizedStack = request.getfixturevalue(request.param)
    return stack.template


def test_only_the_application_reaches_the_database_and_on_its_port_alone(template: Json) -> None:
    assert not faults(template), "\n".join(faults(template))


def test_the_application_does_reach_the_database(template: Json) -> None:
    network = TemplateNetwork(template)
    (database,) = network.databases().values()
    functions = network.functions().values()

    assert len(functions) == 3
    assert all(network.model.way_to_interface(each, database, PORT) for each in functions)


def test_the_internet_starts_no_connection_to_a_function(template: Json) -> None:
    network = TemplateNetwork(template)

    assert not [each for each in network.functions().values() if network.path_from_internet(each)]


def test_functions_have_a_way_out_unless_the_network_has_none(
    store_qa: SynthesizedStack,
    store_nat_regional: SynthesizedStack,
    store_nat_none: SynthesizedStack,
) -> None:
    for stack, ways in ((store_qa, True), (store_nat_regional, True), (store_nat_none, False)):
        network = TemplateNetwork(stack.template)
        found = [
            network.model.way_to_internet(each, HTTPS) for each in network.functions().values()
        ]

        assert [bool(way) for way in found] == [ways] * 3


def test_without_a_way_out_functions_still_reach_secrets_manager(
    store: SynthesizedStack, store_nat_none: SynthesizedStack
) -> None:
    for stack in (store, store_nat_none):  # with the endpoint in one zone, and in two
        network = TemplateNetwork(stack.template)
        endpoint = next(each for each in network.model.endpoints if each.has_private_dns)

        for function in network.functions().values():
            way = network.model.way_to_service(function, "secretsmanager")

            assert way[-1] == endpoint.interface.name


def test_the_database_lies_in_two_subnets_of_two_zones(template: Json) -> None:
    network = TemplateNetwork(template)
    subnets = network.of_type("AWS::EC2::Subnet")

    for own in network.databases().values():
        assert len({str(subnets[each]["AvailabilityZone"]) for each in own.subnets}) == 2


def _open_to_the_world(template: Json) -> None:
    _, database = groups(template)
    template["Resources"]["Wide"] = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": [database, "GroupId"]},
            "CidrIp": "0.0.0.0/0",
            "IpProtocol": "tcp",
            "FromPort": PORT,
            "ToPort": PORT,
        },
    }


def _open_inline_to_ipv6(template: Json) -> None:
    _, database = groups(template)
    template["Resources"][database]["Properties"]["SecurityGroupIngress"] = [
        {"CidrIpv6": "::/0", "IpProtocol": "-1"}
    ]


def _ingress(template: Json) -> Json:
    (rule,) = (
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::SecurityGroupIngress"
    )
    found: Json = rule
    return found


def _open_every_port(template: Json) -> None:
    _ingress(template).update(FromPort=0, ToPort=65535)


def _open_to_another_group(template: Json) -> None:
    template["Resources"]["Others"] = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"SecurityGroupEgress": []},
    }
    _ingress(template)["SourceSecurityGroupId"] = {"Fn::GetAtt": ["Others", "GroupId"]}


def _let_the_world_into_the_application(template: Json) -> None:
    application, _ = groups(template)
    template["Resources"][application]["Properties"]["SecurityGroupIngress"] = [
        {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ]


def _let_the_database_speak(template: Json) -> None:
    _, database = groups(template)
    del template["Resources"][database]["Properties"]["SecurityGroupEgress"]


def _table(template: Json) -> Json:
    return {"Ref": next(each for each in template["Resources"] if "DatabaseSubnet1RouteT" in each)}


def _route_to_the_internet(template: Json) -> None:
    gateway = next(
        name
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::EC2::InternetGateway"
    )
    template["Resources"]["WayOut"] = {
        "Type": "AWS::EC2::Route",
        "Properties": {
            "RouteTableId": _table(template),
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": {"Ref": gateway},
        },
    }


def _route_to_storage(template: Json) -> None:
    endpoint = next(
        each for each in template["Resources"].values() if each["Type"] == "AWS::EC2::VPCEndpoint"
    )
    endpoint["Properties"]["RouteTableIds"].append(_table(template))


@pytest.mark.parametrize(
    ("widen", "claim", "through"),
    [
        (_open_to_the_world, "the internet reaches", "-> NetworkVpcPublicSubnet1"),
        (_open_to_the_world, "open to more than", "from tcp/5433 0.0.0.0/0 -> DatabaseInstance"),
        (_open_inline_to_ipv6, "open to more than", "from -1/0-65535 ::/0 -> Database"),
        (_open_every_port, "open to more than", "from tcp/0-65535 NetworkApplicationGroup"),
        (_open_to_another_group, "open to more than", "from tcp/5433 Others"),
        (
            _let_the_world_into_the_application,
            "the internet reaches",
            "from tcp/443 0.0.0.0/0 -> ",
        ),
        (_let_the_database_speak, "may start connections", "to -1/0-65535 0.0.0.0/0"),
        (_route_to_the_internet, "has a route out", "DatabaseSubnet1Subnet"),
        (_route_to_storage, "has a route out", "-> NetworkVpcStorage"),
    ],
)
def test_the_proof_fails_with_the_path_when_a_rule_is_widened(
    store_qa: SynthesizedStack, widen: Callable[[Json], None], claim: str, through: str
) -> None:
    template = copy.deepcopy(store_qa.template)

    widen(template)

    assert any(claim in fault and through in fault for fault in faults(template)), faults(template)
