"""What a REST API's gateway answers."""

import asyncio
from typing import Any

from localcloud.gateway.exchange import Exchange
from localcloud.gateway.stage import Address, Stage


def test_a_validators_text_is_put_into_a_body_without_escaping(monkeypatch):
    monkeypatch.setattr(Stage, "invalid_because", lambda *_: '["id"] is missing')
    sent: list[Any] = []

    async def send(message):
        sent.append(message)

    async def answer():
        address = Address("api", "/prod/items", by_host=False)
        stage = Stage(rest=True, name="prod")
        exchange = Exchange({"method": "POST", "headers": []}, address, stage, send)
        await exchange.send({"type": "http.response.start", "status": 400, "headers": []})
        body = b'{"message": "$context.error.validationErrorString"}'
        await exchange.send({"type": "http.response.body", "body": body})

    asyncio.run(answer())

    assert sent[1]["body"] == b'{"message": "["id"] is missing"}'
