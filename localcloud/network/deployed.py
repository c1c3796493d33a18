"""Network of the emulator's EC2, RDS and Lambda records, as they are now."""

from collections.abc import Iterator
from typing import Any

from ministack.services import ec2, lambda_svc, rds

from localcloud.engine.internals import need
from localcloud.network.model import Endpoint, Interface, Network, Rule, Subnet

Record = dict[str, Any]

DECLARED_PORT = "_DeclaredPort"  # of a database, whose endpoint has the port of PostgreSQL here
_PEERS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}
_PEERS["UserIdGroupPairs"] = "GroupId"


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
                vpc=each["VpcId"],
                service=each["ServiceName"].rpartition(".")[2],
                interface=_interface(each["VpcEndpointId"], each),
                has_private_dns=str(each.get("PrivateDnsEnabled")).lower() == "true",
                prefix_list=need(ec2, "_aws_pl_id_from_name")(each["ServiceName"]),
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


def databases(port: int) -> Iterator[tuple[Interface, int]]:
    """Yield the interface and the declared port of each database behind a port of this machine."""
    for each in list(need(rds, "_instances").values()):
        if each["Endpoint"]["Port"] != port:
            continue
        placed = {
            "SubnetIds": [of["SubnetIdentifier"] for of in each["DBSubnetGroup"]["Subnets"]],
            "SecurityGroupIds": [of["VpcSecurityGroupId"] for of in each["VpcSecurityGroups"]],
        }
        declared = int(each.get(DECLARED_PORT) or port)
        yield _interface(each["DBInstanceIdentifier"], placed), declared


def _all(kind: str) -> list[Record]:
    return list(need(ec2, f"_{kind}").values())


def _interface(name: str, placed: Record) -> Interface:
    subnets, groups = (placed.get(each) or () for each in ("SubnetIds", "SecurityGroupIds"))
    return Interface(name, tuple(subnets), frozenset(groups))


def _routes(subnet: Record) -> dict[str, str]:
    """The routes of a subnet's own table, else of its VPC's main one, and gateway endpoints."""
    main, own = {"Main": True}, {"Main": False, "SubnetId": subnet["SubnetId"]}
    tables = [
        table
        for wanted in (own, main)
        for table in _all("route_tables")
        if table["VpcId"] == subnet["VpcId"]
        and any(wanted.items() <= each.items() for each in table["Associations"])
    ]
    routes = {
        route["DestinationCidrBlock"]: route.get("GatewayId") or route.get("NatGatewayId", "")
        for route in tables[0]["Routes"]
        if "DestinationCidrBlock" in route
    }
    return routes | {
        need(ec2, "_aws_pl_id_from_name")(each["ServiceName"]): each["VpcEndpointId"]
        for each in _all("vpc_endpoints")
        if tables[0]["RouteTableId"] in each["RouteTableIds"]
    }


def _rules(group: Record) -> Iterator[Rule]:
    for way, kind in (("from", "IpPermissions"), ("to", "IpPermissionsEgress")):
        for allowed in group[kind]:
            ports = (int(allowed.get("FromPort", 0)), int(allowed.get("ToPort", 65535)))
            for peers, named in _PEERS.items():
                for peer in allowed.get(peers, ()):
                    name, protocol = peer.get(named, ""), str(allowed["IpProtocol"])
                    yield Rule(group["GroupId"], way, name, protocol, ports)
