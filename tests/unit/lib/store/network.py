"""The network of a template, read into the embedded cloud's model, and a proof on it.

What the proof asks is stricter than what AWS forbids: no rule but the application's may lead to a
database, whoever could use it. A path may go through several machines, and through one that an
attacker has in a subnet that the internet enters.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

from localcloud.network.model import (
    ANYWHERE,
    INTERNET,
    Endpoint,
    Interface,
    Network,
    Rule,
    Subnet,
    Way,
)

Json = dict[str, Any]
_NOBODY = "255.255.255.255/32"
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcEndpointId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
)
# A machine that an attacker has: nothing keeps it from speaking.
_ATTACKER = "attacker"


class TemplateNetwork:
    """The network of a template; everything has its logical id as name."""

    def __init__(self, template: Json) -> None:
        self._resources: dict[str, Json] = template["Resources"]
        self.model = Network(
            subnets={
                name: Subnet(_name(own["VpcId"]), own["CidrBlock"], self.routes(name))
                for name, own in self.of_type("AWS::EC2::Subnet").items()
            },
            gateways={
                _name(own["VpcId"]): _name(own["InternetGatewayId"])
                for own in self.of_type("AWS::EC2::VPCGatewayAttachment").values()
                if "InternetGatewayId" in own
            },
            nats={
                name: _name(own.get("SubnetId", ""))
                for name, own in self.of_type("AWS::EC2::NatGateway").items()
            },
            endpoints=list(self._endpoints()),
            rules=[*self._rules(), Rule(_ATTACKER, "to", ANYWHERE, "-1", (0, 65535))],
        )

    def of_type(self, kind: str) -> dict[str, Json]:
        """The properties of the resources of a type, by logical id."""
        return {
            name: each.get("Properties", {})
            for name, each in self._resources.items()
            if each["Type"] == kind
        }

    def routes(self, subnet: str) -> dict[str, str]:
        """Where the routes of a subnet lead to besides the network itself, by destination."""
        tables = {
            _name(each["RouteTableId"])
            for each in self.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
            if _name(each["SubnetId"]) == subnet
        }
        leads = {
            route.get("DestinationCidrBlock") or str(route): _name(route[target])
            for route in self.of_type("AWS::EC2::Route").values()
            if _name(route["RouteTableId"]) in tables
            for target in _TARGETS
            if target in route
        }
        return leads | {
            f"prefixes of {name}": name
            for name, endpoint in self.of_type("AWS::EC2::VPCEndpoint").items()
            for table in endpoint.get("RouteTableIds", [])
            if _name(table) in tables
        }

    def functions(self) -> dict[str, Interface]:
        """The interface of each function that has a VPC."""
        return {
            name: _interface(name, own["VpcConfig"])
            for name, own in self.of_type("AWS::Lambda::Function").items()
            if "VpcConfig" in own
        }

    def databases(self) -> dict[str, Interface]:
        """The interface of each database."""
        subnets = self.of_type("AWS::RDS::DBSubnetGroup")
        return {
            name: _interface(
                name,
                {
                    "SubnetIds": subnets[_name(own["DBSubnetGroupName"])]["SubnetIds"],
                    "SecurityGroupIds": own["VPCSecurityGroups"],
                },
            )
            for name, own in self.of_type("AWS::RDS::DBInstance").items()
        }

    def faults(self, application: str, port: int) -> list[str]:
        """What contradicts that only `application` reaches the databases, on `port` alone.

        Each line is a path: how one gets to a database, or gets out of it.
        """
        return [
            f"{claim}: {' -> '.join(map(str, path))}"
            for database in self.databases().values()
            for claim, path in self._wrong_ways(database, application, port)
        ]

    def _wrong_ways(
        self, database: Interface, application: str, port: int
    ) -> Iterator[tuple[str, list[Any]]]:
        if path := self.path_from_internet(database):
            yield "the internet reaches a database", list(path)
        for rule in self.model.rules:
            if rule.group not in database.groups:
                continue
            if rule.way == "to":
                yield "a database may start connections", [database.name, rule]
            elif (rule.peer, rule.protocol, rule.ports) != (application, "tcp", (port, port)):
                yield "a database is open to more than its application", [rule, database.name]
        for subnet in database.subnets:
            for lead in self.routes(subnet).values():
                yield "a database's subnet has a route out", [database.name, subnet, lead]

    def path_from_internet(self, target: Interface) -> Way:
        """The shortest way from the internet to a machine, through others; empty for none."""
        entered = [
            Interface(subnet, (subnet,), frozenset({_ATTACKER}))
            for subnet in self.model.subnets
            if self.model.way_out(subnet)
        ]
        endpoints = [each.interface for each in self.model.endpoints if each.interface.groups]
        machines = [*self.functions().values(), *self.databases().values(), *endpoints]
        ways: deque[tuple[Interface, Way]] = deque(
            (each, (INTERNET, each.name)) for each in entered
        )
        seen: set[str] = set()
        while ways:
            machine, way = ways.popleft()
            if machine.name == target.name:
                return way
            for other in machines:
                hops = self._way_on_any_port(machine, other)
                if hops and other.name not in seen:
                    seen.add(other.name)
                    ways.append((other, (*way, *hops[1:])))
        return ()

    def _way_on_any_port(self, source: Interface, target: Interface) -> Way:
        ports = sorted({rule.ports[0] for rule in self.model.rules})
        ways = (self.model.way_to_interface(source, target, port) for port in ports)
        return next(filter(None, ways), ())

    def _endpoints(self) -> Iterator[Endpoint]:
        for name, own in self.of_type("AWS::EC2::VPCEndpoint").items():
            service = own["ServiceName"]
            if isinstance(service, dict):  # com.amazonaws.<region>.<service>, joined
                service = service["Fn::Join"][1][-1]
            yield Endpoint(
                _name(own["VpcId"]),
                service.rpartition(".")[2],
                _interface(name, own),
                has_private_dns=own.get("PrivateDnsEnabled", False),
                prefix_list=f"prefixes of {name}",
            )

    def _rules(self) -> Iterator[Rule]:
        for name, group in self.of_type("AWS::EC2::SecurityGroup").items():
            for rule in group.get("SecurityGroupIngress", []):
                yield _rule(name, "from", rule)
            # A group that says nothing of the way out lets everything out:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
            for rule in group.get("SecurityGroupEgress") or [
                {"CidrIp": ANYWHERE, "IpProtocol": "-1"}
            ]:
                if rule.get("CidrIp") != _NOBODY:
                    yield _rule(name, "to", rule)
        for rule in self.of_type("AWS::EC2::SecurityGroupIngress").values():
            yield _rule(_name(rule["GroupId"]), "from", rule)
        for rule in self.of_type("AWS::EC2::SecurityGroupEgress").values():
            yield _rule(_name(rule["GroupId"]), "to", rule)


def _interface(name: str, placed: Json) -> Interface:
    subnets, groups = (
        [_name(each) for each in placed.get(key, ())] for key in ("SubnetIds", "SecurityGroupIds")
    )
    return Interface(name, tuple(subnets), frozenset(groups))


def _rule(group: str, way: str, rule: Json) -> Rule:
    peer = (
        rule.get("SourceSecurityGroupId")
        or rule.get("DestinationSecurityGroupId")
        or rule.get("SourcePrefixListId")
        or rule.get("DestinationPrefixListId")
        or rule.get("CidrIp")
        or rule["CidrIpv6"]
    )
    protocol = str(rule["IpProtocol"])
    ports = (0, 65535) if protocol == "-1" else (int(rule["FromPort"]), int(rule["ToPort"]))
    return Rule(group, way, _name(peer), protocol, ports)


def _name(reference: Any) -> str:
    """The logical id that a reference points to; a literal as it is."""
    if isinstance(reference, dict):
        return str(reference.get("Ref") or reference["Fn::GetAtt"][0])
    return str(reference)
