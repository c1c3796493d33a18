"""VPC network: the way of a connection that a network interface opens, if there is one.

Taken as open: network ACLs, endpoint policies. Taken as closed: IPv6, whatever comes from outside
a VPC, and routes to anything but internet gateways, NAT gateways and endpoints.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network

ANYWHERE = "0.0.0.0/0"
INTERNET = "internet"
HTTPS = 443
_TCP = ("tcp", "6")

# What a connection passes from its start to its end; empty where there is no way.
Way = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """Rule of a security group: `way` is `from` or `to` a group, prefix list or range (`peer`)."""

    group: str
    way: str
    peer: str
    protocol: str
    ports: tuple[int, int]

    def __str__(self) -> str:
        ports = "-".join(str(each) for each in sorted(set(self.ports)))
        return f"{self.group} {self.way} {self.protocol}/{ports} {self.peer}"


@dataclass(frozen=True)
class Interface:
    """Network interface of a function, a database or an endpoint; outside VPCs in no subnet."""

    name: str
    subnets: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Subnet:
    """Subnet of a VPC, with the targets of its routes by range or prefix list."""

    vpc: str
    addresses: str
    routes: Mapping[str, str]


@dataclass(frozen=True)
class Endpoint:
    """VPC endpoint of a service such as `s3`; one that is a gateway has a prefix list."""

    vpc: str
    service: str
    interface: Interface
    has_private_dns: bool
    prefix_list: str


@dataclass(frozen=True, kw_only=True)
class Network:
    """Every VPC: internet gateways by VPC, NAT gateways with their subnets (regional: none)."""

    subnets: Mapping[str, Subnet]
    gateways: Mapping[str, str]
    nats: Mapping[str, str]
    endpoints: Sequence[Endpoint]
    rules: Sequence[Rule]

    def way_to_interface(self, source: Interface, target: Interface, port: int) -> Way:
        """Find the way to another interface, in the same VPC: by the rules of both."""
        places = [[self.subnets[each] for each in end.subnets] for end in (source, target)]
        if not places[0] or {each.vpc for each in places[0]} != {each.vpc for each in places[1]}:
            return ()
        ranges = [[each.addresses for each in place] for place in places]
        leaves = self._rule(source, "to", port, target.groups, ranges[1])
        enters = self._rule(target, "from", port, source.groups, ranges[0])
        return (source.name, leaves, enters, target.name) if leaves and enters else ()

    def way_to_internet(self, source: Interface, port: int, address: str = ANYWHERE) -> Way:
        """Find the way to an address, or to all, out of every subnet of the interface.

        A function has no public address, so that it needs a NAT gateway even in a public subnet:
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
        """
        if not source.subnets:
            return (source.name, INTERNET)
        leaves = self._rule(source, "to", port, (), [address])
        ways = [self._way_by_nat(each, address) for each in source.subnets]
        return (source.name, leaves, *ways[0]) if leaves and all(ways) else ()

    def way_to_service(self, source: Interface, service: str) -> Way:
        """Find the way to an AWS service: by an endpoint of the VPC, else by the internet."""
        places = [self.subnets[each] for each in source.subnets]
        vpcs = {each.vpc for each in places}
        found = [each for each in self.endpoints if each.vpc in vpcs and each.service == service]
        for endpoint in found:
            if endpoint.has_private_dns:  # the service's name is that of the interface, then
                return self.way_to_interface(source, endpoint.interface, HTTPS)
        for endpoint in found:
            if all(endpoint.prefix_list in each.routes for each in places):
                leaves = self._rule(source, "to", HTTPS, [endpoint.prefix_list], [ANYWHERE])
                return (source.name, leaves, endpoint.interface.name) if leaves else ()
        return self.way_to_internet(source, HTTPS)

    def way_out(self, subnet: str) -> Way:
        """Find the way of what has a public address in a subnet: by its internet gateway."""
        gateway = self.gateways.get(self.subnets[subnet].vpc)
        is_route = gateway and self._target(subnet, ANYWHERE) == gateway
        return (subnet, str(gateway), INTERNET) if is_route else ()

    def _way_by_nat(self, subnet: str, address: str) -> Way:
        nat, gateway = self._target(subnet, address), self.gateways.get(self.subnets[subnet].vpc)
        regional = (gateway, INTERNET) if gateway else ()
        beyond = self.way_out(self.nats[nat]) if self.nats.get(nat) else regional
        return (subnet, nat, *beyond) if nat in self.nats and beyond else ()

    def _target(self, subnet: str, address: str) -> str:
        """Where the most specific route of a subnet leads to for an address."""
        routes = self.subnets[subnet].routes
        found = [each for each in routes if _covers(each, address)]
        return routes[max(found, key=lambda each: _range(each).prefixlen)] if found else ""

    def _rule(
        self, of: Interface, way: str, port: int, peers: Collection[str], ranges: Sequence[str]
    ) -> str:
        """The rule that lets TCP pass to or from a peer, or all the ranges; empty if none does."""
        for rule in self.rules:
            is_peer = rule.peer in peers or all(_covers(rule.peer, each) for each in ranges)
            is_port = rule.protocol in _TCP and rule.ports[0] <= port <= rule.ports[1]
            is_open = is_peer and (is_port or rule.protocol == "-1")
            if rule.group in of.groups and rule.way == way and is_open:
                return str(rule)
        return ""


def _covers(outer: str, inner: str) -> bool:
    is_range = "/" in outer and ":" not in outer + inner
    return is_range and _range(inner).subnet_of(_range(outer))


@lru_cache(maxsize=512)
def _range(addresses: str) -> IPv4Network:
    return IPv4Network(addresses, strict=False)
