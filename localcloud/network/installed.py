"""Connections of functions, opened only where the deployed network has a way.

Changes: What a Python function's sockets connect to without a way times out; the VPC of a
    template's function is kept.
Original: A function reaches whatever this machine does. The VPC is dropped.
Ours: the guard of the sockets. The VPC is the emulator's to keep.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
"""

import inspect
import ipaddress
import json
import logging
import socket
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localcloud.cloud import Cloud
from localcloud.engine.handlers import Deploy, Deployed, Properties, wrap_deployment
from localcloud.engine.internals import need, wrap
from localcloud.network import deployed, resources, worker
from localcloud.network.model import HTTPS, Way

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Guard the sockets of Python functions, and deploy what the network is made of."""
    resources.add()
    wrap_deployment("AWS::Lambda::Function", _in_vpc)
    guard = f"{inspect.getsource(worker)}\nguard_sockets({_serve(cloud)})\n"

    def runtime_binary(detect: Any, runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, guard + script if runtime.startswith("python") else script

    wrap(lambda_runtime, "_detect_runtime_binary", runtime_binary)


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
    databases = list(deployed.databases(port))
    if databases or port == cloud.database_port:
        found = (network.way_to_interface(source, *each) for each in databases)
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


def _in_vpc(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
    name, attributes = deploy(properties)
    vpc = need(lambda_svc, "_vpc_config_with_id")(properties.get("VpcConfig"))
    need(lambda_svc, "_functions")[name]["config"]["VpcConfig"] = vpc
    return name, attributes
