"""What of ASGI reaches the layers in front of the emulator."""

import asyncio

from localcloud.asgi import http_only, live


def sent_for(kind, *received):
    """Whom a scope of this type reaches, and the messages that are sent."""
    reached, sent, messages = [], [], iter(received)

    def app(name):
        async def called(scope, receive, send):
            reached.append(name)
            if name == "lifespan":
                await live(scope, receive, send)

        return called

    async def receive():
        return {"type": next(messages)}

    async def send(message):
        sent.append(message)

    served = http_only(app("http"), app("lifespan"))
    asyncio.run(served({"type": kind}, receive, send))
    return reached, sent


def test_a_request_reaches_the_app():
    assert sent_for("http") == (["http"], [])


def test_no_websocket_opens():
    assert sent_for("websocket") == ([], [{"type": "websocket.close", "code": 1008}])


def test_start_and_stop_are_answered():
    reached, sent = sent_for("lifespan", "lifespan.startup", "lifespan.shutdown")

    assert reached == ["lifespan"]
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
