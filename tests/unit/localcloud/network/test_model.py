"""The model of a network: each rule of AWS's by which a connection is opened or is not."""

from dataclasses import replace

import pytest

from localcloud.network.model import (
    ANYWHERE,
    HTTPS,
    INTERNET,
    Endpoint,
    Interface,
    Network,
    Rule,
    Subnet,
)

PORT = 5433
EVERY = (0, 65535)
FUNCTION = Interface("function", ("private",), frozenset({"app"}))
DATABASE = Interface("database", ("isolated",), frozenset({"db"}))
OUTSIDE = Interface("outside")
TO_DATABASE = Rule("app", "to", "db", "tcp", (PORT, PORT))
FROM_APP = Rule("db", "from", "app", "tcp", (PORT, PORT))
TO_HTTPS = Rule("app", "to", ANYWHERE, "tcp", (HTTPS, HTTPS))
ENDPOINT = Endpoint(
    vpc="vpc",
    service="secretsmanager",
    interface=Interface("vpce", ("private",), frozenset({"endpoint"})),
    has_private_dns=True,
    prefix_list="pl-none",
)
STORAGE = Endpoint(
    vpc="vpc", service="s3", interface=Interface("gw"), has_private_dns=False, prefix_list="pl-s3"
)
NETWORK = Network(
    subnets={
        "public": Subnet("vpc", "10.0.0.0/24", {ANYWHERE: "igw"}),
        "private": Subnet("vpc", "10.0.1.0/24", {"10.0.0.0/16": "local", ANYWHERE: "nat"}),
        "isolated": Subnet("vpc", "10.0.2.0/24", {}),
        "foreign": Subnet("other", "10.0.2.0/24", {}),
    },
    gateways={"vpc": "igw"},
    nats={"nat": "public"},
    endpoints=[],
    rules=[TO_DATABASE, FROM_APP, TO_HTTPS],
)


def with_rules(*rules: Rule) -> Network:
    return replace(NETWORK, rules=rules)


def with_routes(subnet: str, routes: dict[str, str]) -> Network:
    changed = replace(NETWORK.subnets[subnet], routes=routes)
    return replace(NETWORK, subnets={**NETWORK.subnets, subnet: changed})


def reaches_database(network: Network) -> bool:
    return bool(network.way_to_interface(FUNCTION, DATABASE, PORT))


def reaches_internet(network: Network, of: Interface = FUNCTION, to: str = ANYWHERE) -> bool:
    return bool(network.way_to_internet(of, HTTPS, to))


def test_a_way_within_a_vpc_passes_a_rule_of_each_end() -> None:
    assert NETWORK.way_to_interface(FUNCTION, DATABASE, PORT) == (
        "function",
        "app to tcp/5433 db",
        "db from tcp/5433 app",
        "database",
    )


@pytest.mark.parametrize("rules", [(TO_DATABASE,), (FROM_APP,), ()])
def test_both_ends_must_let_it_pass(rules: tuple[Rule, ...]) -> None:
    assert not reaches_database(with_rules(*rules))


def test_an_answer_needs_no_rule_but_a_connection_back_does() -> None:
    assert not NETWORK.way_to_interface(DATABASE, FUNCTION, PORT)


@pytest.mark.parametrize(
    ("change", "is_open"),
    [
        ({"ports": (PORT - 1, PORT + 1)}, True),
        ({"ports": (PORT + 1, PORT + 1)}, False),
        ({"ports": (-1, -1), "protocol": "-1"}, True),
        ({"protocol": "6"}, True),
        ({"protocol": "udp"}, False),
        ({"peer": "10.0.1.0/24"}, True),
        ({"peer": "10.0.0.0/16"}, True),
        ({"peer": "10.0.1.0/25"}, False),  # half of the subnet: not wherever the function is
        ({"peer": "10.0.9.0/24"}, False),
        ({"peer": "::/0"}, False),
        ({"peer": "another"}, False),
        ({"group": "another"}, False),
        ({"way": "to"}, False),
    ],
)
def test_a_rule_lets_its_peers_ports_and_protocol_pass_and_no_others(change, is_open) -> None:
    network = with_rules(TO_DATABASE, replace(FROM_APP, **change))

    assert reaches_database(network) is is_open


def test_a_database_is_reached_from_its_own_vpc_alone() -> None:
    network = with_rules(TO_DATABASE, replace(FROM_APP, peer=ANYWHERE))
    foreign = replace(FUNCTION, subnets=("foreign",))

    assert network.way_to_interface(FUNCTION, DATABASE, PORT)
    assert not network.way_to_interface(foreign, DATABASE, PORT)
    assert not network.way_to_interface(OUTSIDE, DATABASE, PORT)


def test_the_way_out_is_a_nat_gateway_in_a_subnet_with_a_route_out() -> None:
    assert NETWORK.way_to_internet(FUNCTION, HTTPS) == (
        "function",
        "app to tcp/443 0.0.0.0/0",
        "private",
        "nat",
        "public",
        "igw",
        INTERNET,
    )
    assert not reaches_internet(replace(NETWORK, nats={"nat": "isolated"}))
    assert not reaches_internet(replace(NETWORK, nats={}))
    assert not reaches_internet(replace(NETWORK, gateways={}))
    assert not reaches_internet(with_routes("private", {}))


def test_a_regional_nat_gateway_needs_no_subnet_but_an_internet_gateway() -> None:
    regional = replace(NETWORK, nats={"nat": ""})

    assert reaches_internet(regional)
    assert not reaches_internet(replace(regional, gateways={}))


def test_a_function_in_a_public_subnet_has_no_way_out() -> None:
    assert not reaches_internet(NETWORK, replace(FUNCTION, subnets=("public",)))


def test_every_subnet_of_a_function_needs_the_way() -> None:
    assert not reaches_internet(NETWORK, replace(FUNCTION, subnets=("private", "isolated")))


def test_what_is_in_no_vpc_reaches_the_internet() -> None:
    assert NETWORK.way_to_internet(OUTSIDE, HTTPS) == ("outside", INTERNET)


def test_the_way_out_needs_a_rule_for_the_address() -> None:
    some = with_rules(replace(TO_HTTPS, peer="203.0.113.0/24"))

    assert reaches_internet(some, to="203.0.113.7")
    assert not reaches_internet(some, to="198.51.100.1")
    assert not reaches_internet(some)
    assert not reaches_internet(with_rules())
    assert not reaches_internet(NETWORK, to="2001:db8::1")


def test_the_most_specific_route_decides() -> None:
    network = with_routes("private", {ANYWHERE: "nat", "203.0.113.0/24": "pcx"})

    assert reaches_internet(network, to="198.51.100.1")
    assert not reaches_internet(network, to="203.0.113.7")
    assert not reaches_internet(NETWORK, to="10.0.9.9")


def test_an_interface_endpoint_stands_for_its_service() -> None:
    group = Rule("endpoint", "from", "app", "tcp", (HTTPS, HTTPS))
    network = replace(NETWORK, nats={}, endpoints=[ENDPOINT], rules=[*NETWORK.rules, group])

    assert network.way_to_service(FUNCTION, "secretsmanager")[-1] == "vpce"
    assert not network.way_to_service(FUNCTION, "sqs")


def test_a_closed_endpoint_takes_the_services_name_from_the_nat_gateway() -> None:
    closed = replace(NETWORK, endpoints=[ENDPOINT])
    unnamed = replace(NETWORK, endpoints=[replace(ENDPOINT, has_private_dns=False)])

    assert not closed.way_to_service(FUNCTION, "secretsmanager")
    assert unnamed.way_to_service(FUNCTION, "secretsmanager")[-1] == INTERNET


def test_a_gateway_endpoint_is_a_route_that_needs_a_rule() -> None:
    routed = replace(with_routes("private", {"pl-s3": "gw"}), endpoints=[STORAGE])
    to_list = replace(TO_HTTPS, peer="pl-s3")

    assert routed.way_to_service(FUNCTION, "s3")[-1] == "gw"
    assert replace(routed, rules=[to_list]).way_to_service(FUNCTION, "s3")[-1] == "gw"
    assert not replace(routed, rules=[]).way_to_service(FUNCTION, "s3")
    assert not routed.way_to_service(FUNCTION, "dynamodb")


def test_without_its_route_a_gateway_endpoint_leads_nowhere() -> None:
    network = replace(NETWORK, endpoints=[STORAGE])

    assert network.way_to_service(FUNCTION, "s3")[-1] == INTERNET
    assert not replace(network, nats={}).way_to_service(FUNCTION, "s3")


def test_an_endpoint_of_another_vpc_is_none_of_ours() -> None:
    network = replace(NETWORK, endpoints=[replace(ENDPOINT, vpc="other")])

    assert network.way_to_service(FUNCTION, "secretsmanager")[-1] == INTERNET
    assert network.way_to_service(OUTSIDE, "secretsmanager") == ("outside", INTERNET)
