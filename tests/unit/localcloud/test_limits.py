"""Requests that never end are ended."""

import asyncio

import pytest

from localcloud.asgi import answer, body_of
from localcloud.limits import limited


def status_of(messages, *, early=False):
    """The status that a request gets whose body comes as these messages, and then nothing."""
    sent = []

    async def app(_scope, receive, send):
        if early:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await body_of(receive, limit=1000)
        await answer(send, 200)

    async def receive():
        if messages:
            return messages.pop(0)
        return await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    asyncio.run(limited(app, body=10, seconds=0.05)({"type": "http"}, receive, send))
    return [message["status"] for message in sent if "status" in message]


def part(body, *, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_whole_body_passes():
    assert status_of([part(b"12345"), part(b"67890", more=False)]) == [200]


def test_a_body_that_stops_coming_is_ended():
    assert status_of([part(b"1")]) == [408]


def test_a_body_that_is_too_long_is_ended():
    assert status_of([part(b"12345"), part(b"678901")]) == [413]


def test_an_answer_that_has_begun_is_not_begun_again():
    assert status_of([part(b"1")], early=True) == [200]


def test_what_comes_after_the_body_may_take_its_time():
    messages = [part(b"", more=False)]

    async def app(_scope, receive, _send):
        await receive()
        await receive()  # a client that goes away, some time

    async def receive():
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(_message):
        pass

    async def scenario():
        async with asyncio.timeout(0.2):
            await limited(app, seconds=0.05)({"type": "http"}, receive, send)

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())
