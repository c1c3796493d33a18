"""The three ports: all looked at before one is used, and free ones named."""

import re
import socket
from contextlib import ExitStack

import psutil
import pytest

from localcloud import ports
from localcloud.cloud import Cloud
from localcloud.errors import CloudError

NAMES = ("port", "front_port", "database_port")


def listening(stack: ExitStack) -> int:
    """A port that this process holds as long as the stack is open."""
    holder = stack.enter_context(socket.socket())
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    port: int = holder.getsockname()[1]
    return port


def cloud(tmp_path, *numbers):
    api, front, database = numbers
    return Cloud(home=tmp_path, port=api, front_port=front, database_port=database)


def refusal(of: Cloud) -> str:
    with pytest.raises(CloudError) as refused:
        ports.require_free(of)
    return str(refused.value)


def test_all_that_are_taken_are_told_at_once_with_who_holds_them(tmp_path):
    with ExitStack() as stack:
        numbers = [listening(stack) for _ in NAMES]
        said = refusal(cloud(tmp_path, *numbers))

    for number in numbers:
        assert f"port {number} is taken by" in said
    assert said.count(f"(process {psutil.Process().pid})") == 3


def test_the_ports_that_are_named_are_free_and_each_its_own(tmp_path):
    with ExitStack() as stack:
        first = listening(stack)
        numbers = [first, listening(stack), listening(stack)]
        said = refusal(cloud(tmp_path, *numbers))

        chosen = dict(re.findall(r"(\w*port)=(\d+)", said))
        assert tuple(chosen) == NAMES
        assert len(set(chosen.values())) == 3
        ports.require_free(cloud(tmp_path, *(int(port) for port in chosen.values())))


def test_only_instead_of_what_is_taken_is_another_named(tmp_path):
    with ExitStack() as stack:
        taken = listening(stack)
        said = refusal(cloud(tmp_path, ports.free_port(), taken, ports.free_port()))

    assert re.findall(r"(\w+)=\d", said) == ["front_port"]


def test_two_ports_of_one_number_are_told_with_both_names(tmp_path):
    port = ports.free_port()

    said = refusal(cloud(tmp_path, port, port, ports.free_port()))

    assert f"port={port} front_port={port}" in said


def test_the_last_port_of_all_has_a_free_one_after_it(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 65535))
        holder.listen()
        said = refusal(cloud(tmp_path, 65535, ports.free_port(), ports.free_port()))

    assert re.search(r"such as port=\d+", said)
