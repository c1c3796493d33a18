"""Connections of functions, opened only where the deployed network has a way.

Changes: What a Python function's sockets connect to without a way times out. NAT gateways, rules of
    security groups that are resources of their own, and the VPC of a template's function are kept.
Original: A function reaches whatever this machine does. The types are refused, the VPC is dropped.
Ours: the guard of the sockets. Types and the VPC are the emulator's to keep.
AWS:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
Checked: ministack 1.5.32, 1.5.33.
"""

import inspect
import ipaddress
import json
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import cloudformation, ec2, lambda_svc
from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.network import deployed, worker
from localcloud.network.model import HTTPS, Way

Properties = dict[str, Any]
Handler = dict[str, Callable[..., Any]]

_FUNCTION = "AWS::Lambda::Function"

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Guard the sockets of Python functions, and deploy what the network is made of."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    made = {
        "AWS::EC2::NatGateway": _resource("nat", _put_nat_gateway),
        "AWS::EC2::SecurityGroupIngress": _resource("sgr", _put_rule("IpPermissions")),
        "AWS::EC2::SecurityGroupEgress": _resource("sgr", _put_rule("IpPermissionsEgress")),
    }
    handlers |= made
    function = handlers[_FUNCTION]
    kept = {verb: _in_vpc(function[verb], at) for verb, at in (("create", 1), ("update", 2))}
    handlers[_FUNCTION] = function | kept
    load = need(app, "_load_persisted_state")

    def load_all() -> None:
        load()
        _adopt(made)

    replace(app, "_load_persisted_state", load_all)
    detect = need(lambda_runtime, "_detect_runtime_binary")
    guard = f"{inspect.getsource(worker)}\nguard_sockets({_serve(cloud)})\n"

    def runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, guard + script if runtime.startswith("python") else script

    replace(lambda_runtime, "_detect_runtime_binary", runtime_binary)


def find_way(
    cloud: Cloud, *, function: str, version: str, host: str, port: int, service: str
) -> Way:
    """Find the way of a function to what an address stands for.

    On this machine that is the AWS API, the front door or the databases; any other of its ports is
    the function's own.
    """
    network, source = deployed.network(), deployed.function(function, version)
    address = host if ":" in host else socket.gethostbyname(host)  # sockets take names, too
    if not ipaddress.ip_address(address).is_loopback:
        return network.way_to_internet(source, port, address)
    if port == cloud.database_port:
        found = (network.way_to_interface(source, *each) for each in deployed.databases())
        return next(filter(None, found), ())
    if port == cloud.port:
        return network.way_to_service(source, service)
    return network.way_to_internet(source, HTTPS) if port == cloud.front_port else (host,)


def _serve(cloud: Cloud) -> int:
    """Answer the workers at the port that is returned, from the records of each moment."""

    class Answer(StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline())
            found = find_way(cloud, **asked)
            if not found:
                _log.warning("the network has no way, so this times out: %s", asked)
            self.wfile.write(b"y" if found else b"n")

    server = ThreadingTCPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="network", daemon=True).start()
    return int(server.server_address[1])


def _in_vpc(deploy: Callable[..., Any], given_at: int) -> Callable[..., Any]:
    """Return a handler's verb that keeps the VPC of a template's function."""

    def kept(*given: Any) -> Any:
        name, attributes = deploy(*given)
        vpc = need(lambda_svc, "_vpc_config_with_id")(given[given_at].get("VpcConfig"))
        need(lambda_svc, "_functions")[name]["config"]["VpcConfig"] = vpc
        return name, attributes

    return kept


def _adopt(handlers: dict[str, Handler]) -> None:
    """Deploy what an earlier version of this project has recorded or dropped of saved stacks."""
    keep_vpc = _in_vpc(lambda name, _: (name, {}), 1)
    for stack in need(cloudformation, "_stacks").values():
        for made in stack["_resources"].values():
            kind, name = made["ResourceType"], made.get("PhysicalResourceId") or ""
            given = made.get("Properties", {})
            if kind in handlers and name.startswith(f"{stack['StackName']}-"):
                handlers[kind]["update"](name, {}, given)
            function = need(lambda_svc, "_functions").get(name) if kind == _FUNCTION else None
            if function and "VpcConfig" not in function["config"]:
                keep_vpc(name, given)


def _resource(prefix: str, put: Callable[[str, Properties, Properties], None]) -> Handler:
    """A handler that puts new properties, if any, in the place of old ones."""

    def create(_logical_id: str, given: Properties, _stack: str) -> tuple[str, Properties]:
        return update(f"{prefix}-{secrets.token_hex(9)[1:]}", {}, given)

    def update(made: str, old: Properties, new: Properties, *_: str) -> tuple[str, Properties]:
        put(made, old, new)
        return made, {"Id": made, "NatGatewayId": made}

    return {"create": create, "update": update, "delete": lambda made, old: put(made, old, {})}


def _put_rule(kind: str) -> Callable[[str, Properties, Properties], None]:
    """Change the rules of one kind in the record of a security group."""
    permissions = need(provisioners, "_ec2_sg_permissions")
    groups = need(ec2, "_security_groups")

    def put(_: str, old: Properties, new: Properties) -> None:
        for given, before, after in ((old, [old], []), (new, [], [new])):
            if group := groups.get(given.get("GroupId", "")):
                change = permissions(before), permissions(after)
                need(provisioners, "_ec2_sg_reconcile")(group[kind], *change)

    return put


def _put_nat_gateway(nat_id: str, _old: Properties, new: Properties) -> None:
    gateways = need(ec2, "_nat_gateways")
    subnet = need(ec2, "_subnets").get(new.get("SubnetId"), {})
    gateways.pop(nat_id, None)
    if new:
        gateways[nat_id] = {
            "NatGatewayId": nat_id,
            "SubnetId": new.get("SubnetId", ""),  # a regional one is in none
            "VpcId": new.get("VpcId") or subnet.get("VpcId", ""),
            "ConnectivityType": new.get("ConnectivityType", "public"),
            "State": "available",
            "CreateTime": need(ec2, "_now_ts")(),
        }
