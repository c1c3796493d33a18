"""Who can open a connection to whom in a template: a graph, and the paths through it.

An edge `a -> b` says that a packet that starts a connection can go from `a` to `b`:

- the internet reaches what an internet gateway is attached to;
- a subnet reaches what its route table leads to, and every subnet of its network (the local
  route), but is itself entered from outside only over its own route to an internet gateway;
- a machine (function, database, endpoint) leaves through its security groups into its subnets,
  and is entered from them through its security groups.

Ports are on the doors of the security groups: a door is a node named for a group, a direction, a
port range and a peer. What is not modelled (network ACLs, address ranges of peers) is assumed
open, so that a proof stands whatever they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import networkx

INTERNET = "internet"
Json = dict[str, Any]
_NOBODY = "255.255.255.255/32"
_GATEWAYS = (
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


@dataclass(frozen=True)
class Door:
    """One rule of a security group: who may pass it, by which protocol and ports."""

    group: str
    way: str
    peer: str
    protocol: str
    ports: tuple[int, int]

    def __str__(self) -> str:
        first, last = self.ports
        ports = str(first) if first == last else f"{first}-{last}"
        return f"{self.group} {self.way} {self.protocol}/{ports} {self.peer}"


class Network:
    """The network of a template."""

    def __init__(self, template: Json) -> None:
        self._resources: dict[str, Json] = template["Resources"]
        self.graph: Any = networkx.DiGraph()
        self._connect_subnets()
        self.doors = list(self._doors())
        self._connect_machines()

    def of_type(self, kind: str) -> dict[str, Json]:
        """The properties of the resources of a type, by logical id."""
        return {
            name: each.get("Properties", {})
            for name, each in self._resources.items()
            if each["Type"] == kind
        }

    def routes(self, subnet: str) -> list[str]:
        """Where the routes of a subnet lead to besides the network itself."""
        tables = {
            _name(each["RouteTableId"])
            for each in self.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
            if _name(each["SubnetId"]) == subnet
        }
        leads = [
            _name(route[gateway])
            for route in self.of_type("AWS::EC2::Route").values()
            if _name(route["RouteTableId"]) in tables
            for gateway in _GATEWAYS
            if gateway in route
        ]
        leads += [
            name
            for name, endpoint in self.of_type("AWS::EC2::VPCEndpoint").items()
            for table in endpoint.get("RouteTableIds", [])
            if _name(table) in tables
        ]
        return leads

    def databases(self) -> dict[str, list[str]]:
        """The subnets of each database."""
        groups = self.of_type("AWS::RDS::DBSubnetGroup")
        return {
            name: [_name(each) for each in groups[_name(own["DBSubnetGroupName"])]["SubnetIds"]]
            for name, own in self.of_type("AWS::RDS::DBInstance").items()
        }

    def faults(self, application: str, port: int) -> list[str]:
        """What contradicts that only `application` reaches the databases, on `port` alone.

        Each line is a path: how one gets to a database, or gets out of it.
        """
        return [
            f"{claim}: {' -> '.join(map(str, path))}"
            for database, subnets in self.databases().items()
            for claim, path in self._wrong_ways(database, subnets, application, port)
        ]

    def _wrong_ways(
        self, database: str, subnets: list[str], application: str, port: int
    ) -> Iterator[tuple[str, list[Any]]]:
        for path in self.paths(INTERNET, database):
            yield "the internet reaches a database", path
        for door in self.graph.predecessors(database):
            if (door.peer, door.protocol, door.ports) != (application, "tcp", (port, port)):
                yield "a database is open to more than its application", [door, database]
        for door in self.graph.successors(database):
            yield "a database may start connections", [database, door]
        for subnet in subnets:
            for lead in self.routes(subnet):
                yield "a database's subnet has a route out", [database, subnet, lead]

    def paths(self, start: str, end: str) -> list[list[Any]]:
        """Every shortest way from `start` to `end`."""
        if not {start, end} <= set(self.graph) or not networkx.has_path(self.graph, start, end):
            return []
        return list(networkx.all_shortest_paths(self.graph, start, end))

    def _connect_subnets(self) -> None:
        internet_gateways = {
            _name(each["InternetGatewayId"])
            for each in self.of_type("AWS::EC2::VPCGatewayAttachment").values()
            if "InternetGatewayId" in each
        }
        for gateway in internet_gateways:
            self.graph.add_edge(INTERNET, gateway)
        for subnet in self.of_type("AWS::EC2::Subnet"):
            for other in self.routes(subnet):
                self.graph.add_edge(subnet, other)
                if other in internet_gateways:
                    self.graph.add_edge(other, subnet)
                    self.graph.add_edge(subnet, INTERNET)
        for name, nat in self.of_type("AWS::EC2::NatGateway").items():
            # A NAT gateway lets connections out, never in.
            self.graph.add_edge(name, INTERNET)
            if "SubnetId" in nat:
                self.graph.add_edge(name, _name(nat["SubnetId"]))

    def _doors(self) -> Iterator[Door]:
        for name, group in self.of_type("AWS::EC2::SecurityGroup").items():
            for rule in group.get("SecurityGroupIngress", []):
                yield _door(name, "from", rule)
            # A group that says nothing of the way out lets everything out.
            for rule in group.get(
                "SecurityGroupEgress", [{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}]
            ):
                if rule.get("CidrIp") != _NOBODY:
                    yield _door(name, "to", rule)
        for rule in self.of_type("AWS::EC2::SecurityGroupIngress").values():
            yield _door(_name(rule["GroupId"]), "from", rule)
        for rule in self.of_type("AWS::EC2::SecurityGroupEgress").values():
            yield _door(_name(rule["GroupId"]), "to", rule)

    def _connect_machines(self) -> None:
        for machine, subnets, groups, public in self._machines():
            for door in self.doors:
                if door.group in groups and door.way == "to":
                    self.graph.add_edge(machine, door)
                    self._lead_out(door, subnets)
                elif door.group in groups:
                    self.graph.add_edge(door, machine)
                    self._lead_in(door, public=public)

    def _lead_out(self, door: Door, subnets: list[str]) -> None:
        for other in self.doors:
            if other.way == "from" and _meet(door, other):
                self.graph.add_edge(door, other)
        if door.peer not in self.of_type("AWS::EC2::SecurityGroup"):
            for subnet in subnets:
                self.graph.add_edge(door, subnet)

    def _lead_in(self, door: Door, *, public: bool) -> None:
        """Open a door to the members of a group, or to whoever may have an address of a range."""
        if door.peer not in self.of_type("AWS::EC2::SecurityGroup"):
            for subnet in self.of_type("AWS::EC2::Subnet"):
                self.graph.add_edge(subnet, door)
            if public:
                self.graph.add_edge(INTERNET, door)

    def _machines(self) -> Iterator[tuple[str, list[str], set[str], bool]]:
        """Yield what has an address: its name, subnets, security groups, whether it is public."""
        for name, subnets in self.databases().items():
            own = self.of_type("AWS::RDS::DBInstance")[name]
            groups = {_name(each) for each in own["VPCSecurityGroups"]}
            yield name, subnets, groups, bool(own.get("PubliclyAccessible", True))
        for name, own in self.of_type("AWS::Lambda::Function").items():
            if "VpcConfig" in own:
                within = own["VpcConfig"]
                groups = {_name(each) for each in within["SecurityGroupIds"]}
                yield name, [_name(each) for each in within["SubnetIds"]], groups, False
        for name, own in self.of_type("AWS::EC2::VPCEndpoint").items():
            if own.get("VpcEndpointType") == "Interface":
                groups = {_name(each) for each in own["SecurityGroupIds"]}
                yield name, [_name(each) for each in own["SubnetIds"]], groups, False


def _meet(out: Door, into: Door) -> bool:
    """Whether a connection that leaves by one door can enter by the other."""
    leads = out.peer == into.group or _is_range(out.peer)
    lets = into.peer == out.group or _is_range(into.peer)
    same = out.protocol == into.protocol or "-1" in (out.protocol, into.protocol)
    ports = max(out.ports[0], into.ports[0]) <= min(out.ports[1], into.ports[1])
    return leads and lets and same and ports


def _is_range(peer: str) -> bool:
    return "/" in peer


def _door(group: str, way: str, rule: Json) -> Door:
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
    return Door(group, way, _name(peer), protocol, ports)


def _name(reference: Any) -> str:
    """The logical id that a reference points to; a literal as it is."""
    if isinstance(reference, dict):
        return str(reference.get("Ref") or reference["Fn::GetAtt"][0])
    return str(reference)
