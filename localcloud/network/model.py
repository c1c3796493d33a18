"""VPC network: the way of a connection that a network interface opens, if there is one.

Taken as open: network ACLs, endpoint policies. Taken as closed: IPv6, and routes to anything but
gateways to the internet, NAT gateways and endpoints.

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
_TCP = ("tcp", "6", "-1")

# What a connection passes from its start to its end; empty where there is no way.
Way = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """Rule of a security group: `way` is `from` (ingress) or `to` (egress) a `peer`.

    A peer is a group, a prefix list or a range of addresses; `-1` is every protocol.
    """

    group: str
    way: str
    peer: str
    protocol: str
    ports: tuple[int, int]

    def __str__(self) -> str:
        first, last = self.ports
        ports = str(first) if first == last else f"{first}-{last}"
        return f"{self.group} {self.way} {self.protocol}/{ports} {self.peer}"


@dataclass(frozen=True)
class Interface:
    """Network interface of a function, a database or an endpoint; outside VPCs in no subnet."""

    name: str
    subnets: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    is_public: bool = False


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
        """Find the way to an interface: within its VPC, or from outside to a public address."""
        if self._vpc(source) and self._vpc(source) == self._vpc(target):
            leaves = self._rule(source, "to", port, target.groups, self._ranges(target))
            enters = self._rule(target, "from", port, source.groups, self._ranges(source))
            return (source.name, leaves, enters, target.name) if leaves and enters else ()
        before = self.way_to_internet(source, port)
        enters = self._rule(target, "from", port, (), [ANYWHERE])
        is_open = target.is_public and all(self.way_out(each) for each in target.subnets)
        return (*before, enters, target.name) if is_open and before and enters else ()

    def way_to_internet(self, source: Interface, port: int, address: str = ANYWHERE) -> Way:
        """Find the way to an address, or to all, out of every subnet of the interface.

        A function has no public address, so that it needs a NAT gateway even in a public subnet:
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
        """
        if not source.subnets:
            return tuple(dict.fromkeys((source.name, INTERNET)))
        leaves = self._rule(source, "to", port, (), [address])
        ways = [self._way_by_nat(each, address) for each in source.subnets]
        return (source.name, leaves, *ways[0]) if leaves and all(ways) else ()

    def way_to_service(self, source: Interface, service: str) -> Way:
        """Find the way to an AWS service: by an endpoint of the VPC, else by the internet."""
        vpc = self._vpc(source)
        found = [each for each in self.endpoints if (each.vpc, each.service) == (vpc, service)]
        for endpoint in found:
            if endpoint.has_private_dns:  # the service's name is that of the interface, then
                return self.way_to_interface(source, endpoint.interface, HTTPS)
        for endpoint in found:
            lists = [endpoint.prefix_list]
            if all(lists[0] in self.subnets[each].routes for each in source.subnets):
                leaves = self._rule(source, "to", HTTPS, lists, [ANYWHERE])
                return (source.name, leaves, endpoint.interface.name) if leaves else ()
        return self.way_to_internet(source, HTTPS)

    def way_out(self, subnet: str) -> Way:
        """Find the way of what has a public address in a subnet: by its internet gateway."""
        gateway = self.gateways.get(self.subnets[subnet].vpc, "")
        is_route = gateway and self._target(subnet, ANYWHERE) == gateway
        return (subnet, gateway, INTERNET) if is_route else ()

    def _way_by_nat(self, subnet: str, address: str) -> Way:
        nat = self._target(subnet, address)
        gateway = self.gateways.get(self.subnets[subnet].vpc)
        beyond: Way = (gateway, INTERNET) if gateway else ()
        if self.nats.get(nat):
            beyond = self.way_out(self.nats[nat])
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
            is_port = rule.ports[0] <= port <= rule.ports[1] and rule.protocol in _TCP
            if rule.group in of.groups and rule.way == way and is_port and is_peer:
                return str(rule)
        return ""

    def _vpc(self, interface: Interface) -> str:
        return self.subnets[interface.subnets[0]].vpc if interface.subnets else ""

    def _ranges(self, interface: Interface) -> list[str]:
        return [self.subnets[each].addresses for each in interface.subnets]


def _covers(outer: str, inner: str) -> bool:
    is_range = "/" in outer and ":" not in outer + inner
    return is_range and _range(inner).subnet_of(_range(outer))


@lru_cache(maxsize=512)
def _range(addresses: str) -> IPv4Network:
    return IPv4Network(addresses, strict=False)
