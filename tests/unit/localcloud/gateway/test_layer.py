"""When the gateway reads the settings of a deployed API."""

# pylint: disable=unused-argument  # ASGI's own

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from localcloud.gateway.layer import Gateway
from localcloud.gateway.stage import Stage

CALL = {
    "type": "http",
    "method": "GET",
    "path": "/_aws/execute-api/0a1b2c3d/$default/api",
    "headers": [(b"host", b"localhost")],
    "client": ("192.0.2.7", 40000),
}


class Reader:
    """Stands in for the API that is asked; counts how often, fails when it is told to."""

    def __init__(self):
        self.reads, self.fails = 0, False
        self.meanwhile = lambda: None

    def read(self, address):
        self.reads += 1
        self.meanwhile()
        if self.fails:
            raise ClientError({"Error": {}}, "GetStage")
        return Stage(rest=False, name="$default")


async def function(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def statuses(reader, *steps):
    """The answers to a request before each step (a change, say), and after the last."""

    async def run():
        gateway = Gateway(function, cast(Any, reader), cast(Any, SimpleNamespace()))
        sent: list[Any] = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message.get("status"))

        for step in (*steps, lambda _: None):
            await gateway(CALL, receive, send)
            step(gateway)
        return [status for status in sent if status]

    return asyncio.run(run())


def test_settings_that_nobody_changed_are_read_once():
    reader = Reader()

    assert statuses(reader, *[lambda _: None] * 3) == [200] * 4
    assert reader.reads == 1


@pytest.mark.parametrize("services", [None, {"waf"}, {"apigateway"}, {"apigateway_v1", "s3"}])
def test_settings_that_may_have_changed_are_read_again(services):
    reader = Reader()

    statuses(reader, lambda gateway: gateway.changed(services))

    assert reader.reads == 2


def test_a_change_of_another_service_is_none_of_settings():
    reader = Reader()

    statuses(reader, lambda gateway: gateway.changed({"dynamodb", "s3"}))

    assert reader.reads == 1


def test_settings_that_change_while_they_are_read_are_read_again():
    reader = Reader()

    def change_while_read(gateway):
        def meanwhile():
            reader.meanwhile = lambda: None
            gateway.changed(None)

        gateway.changed(None)
        reader.meanwhile = meanwhile

    statuses(reader, change_while_read, lambda _: None)

    assert reader.reads == 3


def test_a_request_does_not_wait_while_the_settings_of_another_api_are_read():
    another = CALL | {"path": "/_aws/execute-api/9f8e7d6c/$default/api"}
    read, served = threading.Event(), []

    class Slow(Reader):
        def read(self, address):
            if address.api_id == "9f8e7d6c":
                assert read.wait(5)
            return super().read(address)

    async def run():
        gateway = Gateway(function, cast(Any, Slow()), cast(Any, SimpleNamespace()))

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            served.append(message)

        await gateway(CALL, receive, send)
        waiting = asyncio.create_task(gateway(another, receive, send))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(gateway(CALL, receive, send), 2)
        read.set()
        await waiting

    asyncio.run(run())
    assert len(served) == 6


def test_settings_that_cannot_be_read_again_go_on_as_they_were():
    reader = Reader()

    def fail(gateway):
        reader.fails = True
        gateway.changed(None)

    assert statuses(reader, fail) == [200, 200]


def test_without_its_settings_no_request_is_served():
    reader = Reader()
    reader.fails = True

    with pytest.raises(ClientError):
        statuses(reader)
