"""Network of the emulator's EC2, RDS and Lambda records, as they are now."""

from collections.abc import Iterator
from typing import Any

from ministack.services import ec2, lambda_svc, rds

from localcloud.engine.internals import need
from localcloud.network.model import Endpoint, Interface, Network, Rule, Subnet

Record = dict[str, Any]

DECLARED_PORT = "_DeclaredPort"  # of a database, whose endpoint has the port of PostgreSQL here
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = ("GatewayId", "NatGatewayId")
_PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}


def network() -> Network:
    """Every VPC."""
    return Network(
        subnets={
            each["SubnetId"]: Subnet(each["VpcId"], each["CidrBlock"], _routes(each))
            for each in _all("subnets")
        },
        gateways={
            attached["VpcId"]: each["InternetGatewayId"]
            for each in _all("internet_gateways")
            for attached in each["Attachments"]
        },
        nats={
            each["NatGatewayId"]: each["SubnetId"]
            for each in _all("nat_gateways")
            if each["State"] == "available" and each["ConnectivityType"] == "public"
        },
        endpoints=[
            Endpoint(
                each["VpcId"],
                each["ServiceName"].rpartition(".")[2],
                _interface(each["VpcEndpointId"], each),
                has_private_dns=str(each.get("PrivateDnsEnabled")).lower() == "true",
                prefix_list=_prefix_list(each),
            )
            for each in _all("vpc_endpoints")
        ],
        rules=[rule for each in _all("security_groups") for rule in _rules(each)],
    )


def function(name: str, version: str) -> Interface:
    """The interface of a function's version, in no subnet unless it has a VPC."""
    found = need(lambda_svc, "_functions").get(name)
    _, config = need(lambda_svc, "_effective_func_record_for_qualifier")(found, version)
    return _interface(name, (config or {}).get("VpcConfig") or {})


def databases() -> Iterator[tuple[Interface, int]]:
    """Yield the interface and the port of each database."""
    for each in list(need(rds, "_instances").values()):
        placed = {
            "SubnetIds": [of["SubnetIdentifier"] for of in each["DBSubnetGroup"]["Subnets"]],
            "SecurityGroupIds": [of["VpcSecurityGroupId"] for of in each["VpcSecurityGroups"]],
        }
        found = _interface(each["DBInstanceIdentifier"], placed, each["PubliclyAccessible"])
        yield found, int(each.get(DECLARED_PORT) or each["Endpoint"]["Port"])


def _all(kind: str) -> list[Record]:
    return list(need(ec2, f"_{kind}").values())


def _interface(name: str, placed: Record, is_public: bool = False) -> Interface:
    subnets, groups = (placed.get(each, ()) for each in ("SubnetIds", "SecurityGroupIds"))
    return Interface(name, tuple(subnets), frozenset(groups), is_public)


def _prefix_list(endpoint: Record) -> str:
    return str(need(ec2, "_aws_pl_id_from_name")(endpoint["ServiceName"]))


def _routes(subnet: Record) -> dict[str, str]:
    """The routes of a subnet's own table, else of its VPC's main one, and gateway endpoints."""
    tables = [each for each in _all("route_tables") if each["VpcId"] == subnet["VpcId"]]

    def serves(table: Record, key: str, value: Any) -> bool:
        return any(each.get(key) == value for each in table["Associations"])

    own = [each for each in tables if serves(each, "SubnetId", subnet["SubnetId"])]
    routes = {}
    for table in own or [each for each in tables if serves(each, "Main", True)]:
        for route in table["Routes"]:
            destination, target = (
                next((route[each] for each in keys if each in route), "")
                for keys in (_DESTINATIONS, _TARGETS)
            )
            routes[destination] = target
        for endpoint in _all("vpc_endpoints"):
            if table["RouteTableId"] in endpoint["RouteTableIds"]:
                routes[_prefix_list(endpoint)] = endpoint["VpcEndpointId"]
    return routes


def _rules(group: Record) -> Iterator[Rule]:
    for way, kind in (("from", "IpPermissions"), ("to", "IpPermissionsEgress")):
        for allowed in group[kind]:
            protocol = str(allowed["IpProtocol"])
            ports = (int(allowed.get("FromPort", 0)), int(allowed.get("ToPort", 65535)))
            for peers, named in _PEERS.items():
                for peer in allowed.get(peers, ()):
                    yield Rule(group["GroupId"], way, peer.get(named, ""), protocol, ports)
